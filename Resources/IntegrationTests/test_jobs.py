# SPDX-License-Identifier: GPL-3.0-or-later
"""One job registry, seen through every replica."""

import time

import pytest
import requests

from deployment import wait_until
from dicom_files import make_instance

UNKNOWN = '11111111-2222-3333-4444-555555555555'
LOCAL_JOB_SECONDS = 0.2


def without_time(job):
    return {key: value for key, value in job.items() if key != 'Timestamp'}


def assert_equal_content(cluster, jobs):
    """All replicas answer the same about these jobs, that have ended."""
    views = [{id_: without_time(job) for id_, job in view.items()} for view in cluster.views(jobs).values()]
    assert set(views[0]) == set(jobs)
    assert all(view == views[0] for view in views)


def test_visible_everywhere_before_the_post_returns(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    for submitter in cluster.replicas.values():
        answer = submitter.post('/studies/%s/anonymize' % study, {'Asynchronous': True})
        assert answer == {'ID': answer['ID'], 'Path': '/jobs/' + answer['ID']}
        for server in cluster.replicas.values():
            assert answer['ID'] in server.get('/jobs')
            assert server.get(answer['Path'])['ID'] == answer['ID']
        cluster.end_of(answer['ID'])


def test_equal_answers(cluster, make_patient):
    study = make_patient(cluster.balancer, 3)['study']
    jobs = [cluster.balancer.submit('/studies/%s/anonymize' % study) for _ in range(6)]
    cluster.wait_success(jobs, 60)
    lists = [server.get('/jobs') for server in cluster.replicas.values()]
    assert all(ids == sorted(lists[0]) for ids in lists)
    assert_equal_content(cluster, jobs)

    job = cluster.balancer.get('/jobs/' + jobs[0])
    assert job['Type'] == 'ResourceModification' and job['Origin'] == 'Queued' and job['Attempt'] == 1
    assert job['Progress'] == 100 and job['ErrorCode'] == 0
    assert job['Replica'] in cluster.replicas
    assert job['Content']['InstancesCount'] == 3
    assert cluster.balancer.get('/studies/' + job['Content']['ID'])['PatientMainDicomTags']


def test_user_data_and_priority(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    job = cluster.balancer.submit('/studies/%s/anonymize' % study, {'UserData': {'ticket': 42}, 'Priority': 7})
    ended = cluster.end_of(job)
    assert ended['State'] == 'Success' and ended['UserData'] == {'ticket': 42} and ended['Priority'] == 7


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_id_of_the_core_is_hidden_but_resolves(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    job = cluster.balancer.submit('/studies/%s/anonymize' % study)
    cluster.end_of(job)
    [[local]] = cluster.query("SELECT localId FROM SharedJobRuns WHERE jobId = '%s'" % job)
    assert local != job
    for server in cluster.replicas.values():
        assert local not in server.get('/jobs')
        assert server.get('/jobs/' + local)['ID'] == job


def test_local_jobs_are_seen_by_the_others(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    own, *others = cluster.replicas.values()
    delays = []
    for _ in range(5):
        job = own.submit('/studies/%s/archive' % study)
        start = time.monotonic()
        assert job in own.get('/jobs')
        for server in others:
            wait_until(lambda: job in server.get('/jobs'), LOCAL_JOB_SECONDS, 'the local job on another replica', 0.01)
        delays.append(time.monotonic() - start)
        assert cluster.end_of(job, server=others[0])['Origin'] == 'Local'
    print('\nLocal jobs in /jobs of all others within %.0f ms (worst of %d)' % (1000 * max(delays), len(delays)))
    assert max(delays) < LOCAL_JOB_SECONDS


def test_local_job_is_found_by_id_at_once(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    own, *others = cluster.replicas.values()
    for server in others:
        job = own.submit('/studies/%s/archive' % study)
        assert server.get('/jobs/' + job)['Origin'] == 'Local'


def test_synchronous_call_is_seen_as_a_local_job(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    own, other, *_ = cluster.replicas.values()
    before = set(own.get('/jobs'))
    content = own.post('/studies/%s/anonymize' % study, {'Synchronous': True})
    [new] = set(own.get('/jobs')) - before
    job = other.get('/jobs/' + new)
    assert job['Origin'] == 'Local' and job['State'] == 'Success' and job['Content'] == content


def test_archive_is_downloaded_from_its_replica(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    own, other, *_ = cluster.replicas.values()
    job = own.submit('/studies/%s/archive' % study)
    assert cluster.end_of(job)['State'] == 'Success'
    assert own.request('GET', '/jobs/%s/archive' % job).content.startswith(b'PK')
    assert other.status('GET', '/jobs/%s/archive' % job) == 501


def test_unknown_job(cluster):
    for server in cluster.replicas.values():
        answer = server.request('GET', '/jobs/' + UNKNOWN)
        assert answer.status_code == 404 and answer.content == b''


def test_wrong_requests_are_refused_like_by_the_core(cluster):
    """The same wrong requests to the cluster and to an Orthanc without plugins: same status and error, no job."""
    content = make_instance()
    study = cluster.balancer.upload(content)['ParentStudy']
    unknown = study[:-8] + '00000000'
    wrong = [('/studies/%s/modify' % study, {'Replace': {'StudyInstanceUID': '1.2'}}),
             ('/studies/%s/modify' % study, {'Replace': {'NoSuchTag': 'x'}}),
             ('/studies/%s/modify' % study, {'Replace': 'x'}),
             ('/studies/%s/modify' % study, {'Priority': 'high'}),
             ('/studies/%s/split' % study, {}),
             ('/studies/%s/merge' % study, {'Resources': [unknown]}),
             ('/modalities/nope/store', {'Resources': [study]}),
             ('/modalities/nope/move', {'Level': 'Study'}),
             ('/peers/nope/store', {'Resources': [study]}),
             ('/tools/bulk-anonymize', {})]

    def refusal(server, path, body):
        answer = server.request('POST', path, json={'Asynchronous': True, **body})
        return path, body, answer.status_code, answer.json()['OrthancStatus']
    before = cluster.balancer.get('/jobs')
    with cluster.plain_orthanc() as (_, plain):
        plain.upload(content)
        expected = [refusal(plain, path, body) for path, body in wrong]
    different = [(core, actual) for core, actual
                 in zip(expected, [refusal(cluster.balancer, path, body) for path, body in wrong]) if core != actual]
    assert different == []
    assert cluster.balancer.get('/jobs') == before


def test_unknown_resource_is_not_found(cluster):
    """404 like Orthanc up to 1.12: 1.13.0 answers 400."""
    path = '/studies/11111111-22222222-33333333-44444444-55555555/anonymize'
    assert cluster.balancer.status('POST', path, json={'Asynchronous': True}) == 404


def test_failed_job(cluster, make_patient):
    """A receiver that does not exist: the same error as the core's, on every replica."""
    study = make_patient(cluster.balancer)['study']
    cluster.add_modality('nowhere', 'NOWHERE', '127.0.0.1', 1)
    job = cluster.balancer.submit('/modalities/nowhere/store', {'Resources': [study]})
    ended = cluster.end_of(job)
    assert ended['State'] == 'Failure' and ended['ErrorCode'] == 9
    assert ended['ErrorDescription'] == 'Error in the network protocol'
    assert_equal_content(cluster, [job])


def test_authentication(cluster):
    for server in [cluster.balancer, *cluster.replicas.values()]:
        assert requests.get(server.url + '/jobs', timeout=10).status_code == 401
