# SPDX-License-Identifier: GPL-3.0-or-later
"""An Orthanc with the option "ReadOnly" beside a cluster: it needs no more than SELECT, and shows what the others do."""

import contextlib
import io
import secrets
import zipfile

from deployment import docker_logs, wait_until
from dicom_files import make_instance, make_study

DIRECTORY = '/usr/share/orthanc/plugins-registry/'
ROLE = 'read_only_reader'


def reader_options(cluster):
    """Also a default that makes each transaction a reading one, as on a server that follows another one."""
    common = {'ReadOnly': True, 'Name': 'Reader', 'DicomModalitiesInDatabase': True, 'OrthancPeersInDatabase': True}
    if 'sqlite' in cluster.project:
        return {**common, 'Plugins': [DIRECTORY + 'libOrthancSQLiteIndex.so'],
                'SQLite': {'EnableIndex': True, 'Path': '/tmp/index/index.sqlite'}}
    password = secrets.token_hex(16)
    cluster.query("""CREATE ROLE %s LOGIN PASSWORD '%s';
        ALTER ROLE %s SET default_transaction_read_only = on;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO %s;
        GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO %s""" % (ROLE, password, ROLE, ROLE, ROLE))
    return {**common, 'Plugins': [DIRECTORY + 'libOrthancPostgreSQLIndex.so'],
            'PostgreSQL': {'EnableIndex': True, 'Lock': False, 'Host': 'database', 'Database': 'orthanc',
                           'Username': ROLE, 'Password': password}}


@contextlib.contextmanager
def running_reader(cluster):
    mounts = [cluster.project + '_storage:/tmp/storage:ro']
    if 'sqlite' in cluster.project:
        mounts.append(cluster.project + '_index:/tmp/index')
    options = reader_options(cluster)
    try:
        with cluster.lone_orthanc({**options, 'StorageDirectory': '/tmp/storage'}, mounts=mounts) as reader:
            yield reader
    finally:
        if 'postgresql' in cluster.project:
            cluster.query('DROP OWNED BY %s; DROP ROLE %s' % (ROLE, ROLE))


def test_reads_what_others_write(cluster):
    with cluster.storescp() as receiver, running_reader(cluster) as (container, reader):
        check_resources(cluster, reader)
        check_jobs(cluster, reader)
        check_lists(cluster, reader)
        check_own_jobs(cluster, reader, receiver)
        assert 'Reader' not in [replica['Name'] for replica in reader.get('/cluster/replicas')]
        wait_until(lambda: reader.get('/cluster/statistics')['ReplicasAlive'] == len(cluster.replicas), 20,
                   'all replicas are counted')
        log = docker_logs(container)
        for complaint in ['permission denied', 'read-only transaction', 'readonly database']:
            assert complaint not in log


def check_resources(cluster, reader):
    content = make_study(3, 'Read only')
    answers = [cluster.balancer.upload(part) for part in content]
    study = answers[0]['ParentStudy']
    assert set(reader.get('/studies/%s' % study)['Series']) == {answer['ParentSeries'] for answer in answers}
    assert reader.post('/tools/find', {'Level': 'Study', 'Query': {'PatientName': 'Read only*'}}).count(study) == 1
    assert reader.request('GET', '/instances/%s/file' % answers[0]['ID']).content == content[0]
    archive = zipfile.ZipFile(io.BytesIO(reader.request('GET', '/studies/%s/archive' % study).content))
    assert len(archive.namelist()) == 3
    before = cluster.balancer.get('/changes?last')['Last']
    last = reader.get('/changes?last')['Last']
    assert before <= last <= cluster.balancer.get('/changes?last')['Last']
    wait_until(lambda: reader.get('/statistics')['CountInstances'] ==
               cluster.balancer.get('/statistics')['CountInstances'], 20, 'equal statistics')
    cluster.balancer.upload(make_instance('Read only, later'))
    assert reader.get('/changes?since=%d' % last)['Changes']
    assert reader.status('POST', '/instances', data=content[0]) in (404, 405)
    assert reader.status('DELETE', '/studies/' + study) in (404, 405)
    assert reader.status('PUT', '/studies/%s/metadata/1024' % study, data='no') == 500
    assert reader.status('GET', '/studies/' + study) == 200


def check_jobs(cluster, reader):
    study = cluster.balancer.upload(make_instance('Read only, archived'))['ParentStudy']
    job = cluster.balancer.submit('/studies/%s/archive' % study)
    assert cluster.end_of(job)['State'] == 'Success'
    seen, expected = reader.get('/jobs/' + job), cluster.balancer.get('/jobs/' + job)
    seen.pop('Timestamp')
    expected.pop('Timestamp')
    assert seen == expected
    assert reader.request('GET', '/jobs/%s/archive' % job).content == \
        cluster.balancer.request('GET', '/jobs/%s/archive' % job).content
    assert job in reader.get('/jobs') and job in reader.jobs()
    assert job in reader.get('/jobs?state=Success&limit=1000')
    for method, path in [('POST', '/jobs/%s/cancel' % job), ('POST', '/jobs/%s/resubmit' % job),
                         ('DELETE', '/jobs/' + job), ('DELETE', '/jobs/%s/archive' % job),
                         ('POST', '/cluster/jobs/cancel'), ('POST', '/cluster/submit/studies/%s/archive' % study)]:
        assert reader.status(method, path, json={}) == 403, (method, path)
    assert cluster.balancer.get('/jobs/' + job)['State'] == 'Success'


def check_lists(cluster, reader):
    path = '/modalities/read-only'
    for aet in ['FIRST', 'SECOND']:
        assert cluster.balancer.status('PUT', path, json={'AET': aet, 'Host': 'host', 'Port': 104}) == 200
        assert reader.get('/modalities?expand')['read-only']['AET'] == aet
    assert reader.status('PUT', path, json={'AET': 'THIRD', 'Host': 'host', 'Port': 104}) == 403
    assert reader.status('DELETE', path) == 403
    assert cluster.balancer.status('DELETE', path) == 200
    assert 'read-only' not in reader.get('/modalities')
    assert reader.status('POST', '/cluster/directory/rotate-key') == 403


def check_own_jobs(cluster, reader, receiver):
    """What its own core runs is seen there, and nowhere else."""
    instance = cluster.balancer.upload(make_instance('Read only, sent'))['ID']
    job = reader.submit('/modalities/%s/store' % receiver.modality, {'Resources': [instance]})
    wait_until(lambda: reader.get('/jobs/' + job)['State'] == 'Success', 20, 'the job of the reader')
    assert len(receiver.received()) == 1
    assert job in reader.get('/jobs') and job in reader.jobs()
    assert job not in cluster.balancer.get('/jobs')
    assert reader.status('POST', '/jobs/%s/cancel' % job) == 200
