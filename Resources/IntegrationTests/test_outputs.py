# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives and media: made anywhere, downloaded from everywhere."""

import hashlib
import io
import os
import zipfile

import pytest
import requests

from deployment import docker, wait_until
from dicom_files import make_instance, new_uid

MIB = 1024 * 1024
ALLOWED_GROWTH = 64 * MIB
PIXELS = 4096  # 16 MiB per instance


def submit(server, path, body=None):
    """The id of a job that is queued whatever its route."""
    return server.post('/cluster/submit' + path, {} if body is None else body)['ID']


def download(server, job, **headers):
    return server.request('GET', '/jobs/%s/archive' % job, headers=headers)


def assert_same_everywhere(cluster, job, file_name, count):
    """Every replica gives the same ZIP of that many instances."""
    answers = [download(server, job) for server in [cluster.balancer, *cluster.replicas.values()]]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers['Content-Type'] == 'application/zip'
        assert answer.headers['Content-Disposition'] == 'filename="%s"' % file_name
        assert int(answer.headers['Content-Length']) == len(answer.content)
        assert answer.content == answers[0].content
    with zipfile.ZipFile(io.BytesIO(answers[0].content)) as archive:
        assert archive.testzip() is None
        files = [name for name in archive.namelist() if name.split('/')[-1] != 'DICOMDIR']
        assert len(files) == count
    return answers[0].content


@pytest.mark.parametrize('action', ['archive', 'media'])
def test_local_job(cluster, make_patient, action):
    study = make_patient(cluster.balancer, 3)['study']
    own, *others = cluster.replicas.values()
    job = own.submit('/studies/%s/%s' % (study, action))
    ended = cluster.end_of(job, server=others[-1])
    assert ended['State'] == 'Success' and ended['Origin'] == 'Local'
    assert_same_everywhere(cluster, job, study + '.zip', 3)


@pytest.mark.parametrize('action', ['archive', 'media'])
def test_queued_job(cluster, make_patient, action):
    study = make_patient(cluster.balancer, 3)['study']
    for server in cluster.replicas.values():
        job = submit(server, '/studies/%s/%s' % (study, action),
                     {'Filename': 'My "study".zip', 'UserData': {'ticket': 1}, 'Priority': 2})
        ended = cluster.end_of(job)
        assert ended['State'] == 'Success' and ended['Origin'] == 'Queued' and ended['Attempt'] == 1
        assert ended['Type'] == action.capitalize() and ended['UserData'] == {'ticket': 1} and ended['Priority'] == 2
        content = assert_same_everywhere(cluster, job, 'My study.zip', 3)
        assert ended['Content']['InstancesCount'] == 3
        assert int(ended['Content']['ArchiveSize']) == len(content)


def test_several_at_once(cluster, make_patient):
    """More than MediaArchiveSize, of all replicas at a time: none is lost."""
    studies = [make_patient(cluster.balancer, 2)['study'] for _ in range(15)]
    jobs = {submit(cluster.balancer, '/studies/%s/archive' % study): study for study in studies}
    cluster.wait_success(jobs, 120)
    for job, study in jobs.items():
        assert_same_everywhere(cluster, job, study + '.zip', 2)


def test_balancer_queues_asynchronous_archives(cluster, make_patient):
    patient = make_patient(cluster.balancer, 2)
    bulk = {'Resources': [patient['study']]}
    for path, body in [('/studies/%s/archive' % patient['study'], {'Asynchronous': True}),
                       ('/patients/%s/media' % patient['patient'], {'Synchronous': False}),
                       ('/series/%s/archive' % patient['series'], {'Asynchronous': True}),
                       ('/tools/create-archive', {'Asynchronous': True, **bulk}),
                       ('/tools/create-media', {'Synchronous': False, **bulk}),
                       ('/tools/create-media-extended', {'Asynchronous': True, **bulk})]:
        ended = cluster.end_of(cluster.balancer.post(path, body)['ID'])
        assert ended['State'] == 'Success' and ended['Origin'] == 'Queued', path
        assert download(cluster.balancer, ended['ID']).content.startswith(b'PK')
    # Synchronous ones still answer the archive itself
    for path, body in [('/studies/%s/archive' % patient['study'], {}),
                       ('/studies/%s/archive' % patient['study'], {'Synchronous': True, 'Asynchronous': True}),
                       ('/tools/create-archive', [patient['study']])]:
        assert cluster.balancer.request('POST', path, json=body).content.startswith(b'PK')


def test_list_of_resources(cluster, make_patient):
    first, second = [make_patient(cluster.balancer, 2)['study'] for _ in range(2)]
    job = submit(cluster.balancer, '/tools/create-archive', [first, second])
    assert cluster.end_of(job)['State'] == 'Success'
    assert_same_everywhere(cluster, job, 'Archive.zip', 4)


def test_ranges(cluster, make_patient):
    job = submit(cluster.balancer, '/studies/%s/archive' % make_patient(cluster.balancer, 5)['study'])
    cluster.end_of(job)
    content = download(cluster.balancer, job).content
    size = len(content)
    for server in cluster.replicas.values():
        for header, first, last in [('bytes=0-99', 0, 99), ('bytes=100-', 100, size - 1),
                                    ('bytes=-7', size - 7, size - 1), ('bytes=5-999999999', 5, size - 1)]:
            answer = download(server, job, Range=header)
            assert answer.status_code == 206
            assert answer.headers['Content-Range'] == 'bytes %d-%d/%d' % (first, last, size)
            assert answer.content == content[first:last + 1]
        answer = download(server, job, Range='bytes=%d-' % size)
        assert answer.status_code == 416 and answer.headers['Content-Range'] == 'bytes */%d' % size
        for header in ['bytes=0-1,5-6', 'bytes=2-1', 'lines=0-1']:
            answer = download(server, job, Range=header)
            assert answer.status_code == 200 and answer.content == content
            assert answer.headers['Accept-Ranges'] == 'bytes'


def test_deleted_output(cluster, make_patient):
    job = submit(cluster.balancer, '/studies/%s/archive' % make_patient(cluster.balancer)['study'])
    cluster.end_of(job)
    first, *_, last = cluster.replicas.values()
    answer = last.request('DELETE', '/jobs/%s/archive' % job)
    assert answer.status_code == 200 and answer.content == b''
    assert last.status('DELETE', '/jobs/%s/archive' % job) == 404
    for server in cluster.replicas.values():
        answer = download(server, job)
        assert answer.status_code == 404 and 'Deleted' in answer.json()['Details']
        assert server.get('/jobs/' + job)['State'] == 'Success'


def test_no_such_output(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    job = submit(cluster.balancer, '/studies/%s/archive' % study)
    other = cluster.balancer.submit('/studies/%s/anonymize' % study)
    cluster.wait_success([job, other], 60)
    for server in cluster.replicas.values():
        for path in ['/jobs/%s/nothing' % job, '/jobs/%s/archive' % other,
                     '/jobs/11111111-2222-3333-4444-555555555555/archive']:
            for method in ['GET', 'DELETE']:
                answer = server.request(method, path)
                assert answer.status_code == 404 and answer.json()['OrthancStatus'] == 7, (method, path)


def test_only_jobs_can_be_submitted(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    for path in ['/tools/reset', '/tools/execute-script', '/instances', '/studies/%s' % study, '/modalities/x/echo',
                 '/studies/%s%%2Farchive/../../tools/reset' % study, '/studies/a%3Fb/archive',
                 '/studies/a%252Fb/archive', '/cluster/submit/tools/create-archive', '/jobs/x/cancel',
                 '/dicom-web/servers/x/stow']:
        answer = cluster.balancer.request('POST', '/cluster/submit' + path, json={})
        assert answer.status_code in (403, 404), path
        if answer.status_code == 404:
            assert '..' in path  # resolved before it is sent
    answer = cluster.balancer.request('GET', '/cluster/submit/tools/create-archive')
    assert answer.status_code == 405 and answer.headers['Allow'] == 'POST'
    unknown = study[:-8] + '00000000'
    for path, body, error in [('/studies/%s/archive' % unknown, {}, 7), ('/tools/create-archive', [unknown], 17)]:
        answer = cluster.balancer.request('POST', '/cluster/submit' + path, json=body)
        assert answer.status_code == 404 and answer.json()['OrthancStatus'] == error
    for body in ['nonsense', '{"Priority": "high"}', '{"Extended": 1}', '[]']:
        assert cluster.balancer.status('POST', '/cluster/submit/studies/%s/archive' % study, data=body) == 400


def test_other_routes_are_queued_too(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    job = submit(cluster.balancer, '/studies/%s/anonymize' % study, {'Synchronous': True})
    assert cluster.end_of(job)['State'] == 'Success'


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_origin_is_recorded(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    for name, server in cluster.replicas.items():
        for job in [submit(server, '/studies/%s/archive' % study), server.submit('/studies/%s/anonymize' % study)]:
            [[user, address, replica]] = cluster.query("SELECT submittedBy, remoteIp, submittedAt FROM SharedJobDetails"
                                                       " WHERE id = '%s'" % job)
            assert user == cluster.credentials[0] and replica == name
            assert address.count('.') == 3
            cluster.end_of(job)


def orthanc_memory(cluster, replica):
    """The present and the highest resident size of the process, in bytes."""
    script = 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = Orthanc ] && cat $p/status && break; done'
    status = docker('exec', cluster.container(replica), 'sh', '-c', script)
    values = dict(line.split(':', 1) for line in status.splitlines())
    return [int(values[name].split()[0]) * 1024 for name in ('VmRSS', 'VmHWM')]


def reset_highest_memory(cluster, replica):
    script = ('for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = Orthanc ] && echo 5 > $p/clear_refs && break; done')
    docker('exec', '--user', 'root', cluster.container(replica), 'sh', '-c', script)


def hash_of(server, job):
    digest, size = hashlib.sha256(), 0
    answer = server.request('GET', '/jobs/%s/archive' % job, stream=True, timeout=600)
    assert answer.status_code == 200
    for part in answer.iter_content(MIB):
        digest.update(part)
        size += len(part)
    assert size == int(answer.headers['Content-Length'])
    return digest.hexdigest(), size


def test_large_archive(cluster, request):
    """Downloaded through a replica that has not made it; which memory that takes there."""
    target = 2048 * MIB if request.config.getoption('--large') else 100 * MIB
    study, series = new_uid(), new_uid()
    own, *_, last = cluster.replicas.values()
    for number in range(1, target // (PIXELS * PIXELS) + 1):
        answer = own.upload(make_instance('Large', study, series, number, PIXELS, os.urandom(PIXELS * PIXELS)))
    job = own.submit('/studies/%s/archive' % answer['ParentStudy'])
    assert cluster.end_of(job, 1800, last)['State'] == 'Success'

    replica = list(cluster.replicas)[-1]
    hash_of(last, submit_small(cluster, last))  # what a first download needs once and for all
    reset_highest_memory(cluster, replica)
    before, _ = orthanc_memory(cluster, replica)
    digest, size = hash_of(last, job)
    _, highest = orthanc_memory(cluster, replica)
    print('\n%s: an archive of %.0f MiB added %.1f MiB to the memory of %s' %
          (cluster.project, size / MIB, (highest - before) / MIB, replica))
    assert size >= 0.9 * target
    assert highest - before < ALLOWED_GROWTH
    assert hash_of(own, job) == (digest, size)
    assert_broken_by_deletion(cluster, last, job, size)
    assert cluster.balancer.status('DELETE', '/studies/' + answer['ParentStudy']) == 200


def assert_broken_by_deletion(cluster, server, job, size):
    """An output that is deleted while it is downloaded never looks complete."""
    received = 0
    answer = server.request('GET', '/jobs/%s/archive' % job, stream=True, timeout=600)
    try:
        for part in answer.iter_content(MIB):
            if received == 0:
                assert cluster.balancer.status('DELETE', '/jobs/%s/archive' % job) == 200
            received += len(part)
    except requests.RequestException:
        pass
    assert 0 < received < size == int(answer.headers['Content-Length'])
    assert download(server, job).status_code == 404


def submit_small(cluster, server):
    job = submit(server, '/studies/%s/archive' % server.upload(make_instance())['ParentStudy'])
    assert wait_until(lambda: cluster.end_of(job), 60, 'a small archive')['State'] == 'Success'
    return job
