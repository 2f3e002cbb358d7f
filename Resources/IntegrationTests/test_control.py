# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel, pause, resume, resubmit and delete: any job, through any replica, answered as by a plain Orthanc."""

import contextlib
import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from deployment import docker, wait_until
from dicom_files import make_study

UNKNOWN = '11111111-2222-3333-4444-555555555555'
ACTIONS = ['cancel', 'pause', 'resume', 'resubmit']
SLOTS = 2  # "ConcurrentJobs" of each replica
ACTION_SECONDS = 5
CANCELED = 37

# Each action in turn, and the state that it leads to. Some of them are refused, or without effect.
OF_A_RUNNING_JOB = [('resume', 'Running'), ('resubmit', 'Running'), ('pause', 'Paused'), ('pause', 'Paused'),
                    ('resubmit', 'Paused'), ('resume', 'Running'), ('cancel', 'Failure'), ('cancel', 'Failure'),
                    ('pause', 'Failure'), ('resume', 'Failure'), ('resubmit', 'Running'), ('pause', 'Paused'),
                    ('cancel', 'Failure')]
OF_A_WAITING_JOB = [(action, 'Pending' if state == 'Running' else state) for action, state in OF_A_RUNNING_JOB]
OF_A_SUCCESS = [(action, 'Success') for action in ACTIONS]


def act(server, job, action, **arguments):
    return server.request('POST', '/jobs/%s/%s' % (job, action), **arguments)


def state(server, job):
    return server.get('/jobs/' + job)['State']


def wait_state(server, job, expected_state, seconds=30):
    wait_until(lambda: state(server, job) == expected_state, seconds, 'job %s in %s' % (job, expected_state))


def outcomes(servers, job, steps, seconds):
    """How each step is answered, each by the next one of the servers. Its state is looked for at yet another one."""
    servers = list(servers)
    acting, looking = itertools.cycle(servers), itertools.cycle(servers[1:] + servers[:1])
    answers = []
    for action, next_state in steps:
        answer = act(next(acting), job, action)
        answers.append((action, answer.status_code, answer.json() if answer.content else None))
        wait_state(next(looking), job, next_state, seconds)
    return answers


def add_modality(server, receiver):
    body = {'AET': 'RECEIVER', 'Host': receiver.host, 'Port': 11112}
    assert server.status('PUT', '/modalities/' + receiver.modality, json=body) == 200


def replica_of(cluster, job):
    """The replica that runs the job, once it runs."""
    def runner():
        answer = cluster.balancer.get('/jobs/' + job)
        return answer['Replica'] if answer['State'] == 'Running' else None
    return wait_until(runner, 20, 'the job runs')


def local_job(own, other, path, body):
    """A synchronous call whose client does not wait for the end: the id of its job."""
    before = set(other.get('/jobs'))
    with pytest.raises(requests.Timeout):
        own.post(path, {**body, 'Synchronous': True}, timeout=1)
    [job] = wait_until(lambda: set(other.get('/jobs')) - before, 5, 'the local job on another replica')
    return job


@contextlib.contextmanager
def no_free_slot(cluster, path, body):
    """All replicas are busy."""
    blockers = [cluster.balancer.submit(path, {**body, 'Priority': 100})
                for _ in range(SLOTS * len(cluster.replicas))]
    try:
        wait_until(lambda: all(state(cluster.balancer, job) == 'Running' for job in blockers), 20, 'all slots are used')
        yield
    finally:
        for job in blockers:
            act(cluster.balancer, job, 'cancel')
        for job in blockers:
            cluster.end_of(job)


@pytest.fixture(scope='module')
def expected(cluster):
    """What an Orthanc without plugins answers to the same steps."""
    with cluster.slow_receiver() as slow, cluster.lone_orthanc({'ConcurrentJobs': 1}) as (_, plain):
        add_modality(plain, slow)
        study = [plain.upload(content) for content in make_study(12, 'Control')][0]['ParentStudy']
        path = '/modalities/%s/store' % slow.modality
        running = plain.submit(path, {'Resources': [study]})
        wait_state(plain, running, 'Running')
        waiting = plain.submit(path, {'Resources': [study]})
        answers = {'waiting': outcomes([plain], waiting, OF_A_WAITING_JOB, 5)}
        answers['running'] = outcomes([plain], running, OF_A_RUNNING_JOB, 30)
        ended = plain.submit('/studies/%s/anonymize' % study)
        wait_state(plain, ended, 'Success', 60)
        answers['success'] = outcomes([plain], ended, OF_A_SUCCESS, 5)
        answers['unknown'] = [act(plain, UNKNOWN, action).status_code for action in ACTIONS]
    return answers


def test_running_queued_job(cluster, make_patient, expected):
    study = make_patient(cluster.balancer, 12)['study']
    with cluster.slow_receiver() as slow:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
        owner = replica_of(cluster, job)
        others = [server for name, server in cluster.replicas.items() if name != owner]
        assert outcomes(others, job, OF_A_RUNNING_JOB, 30) == expected['running']
    ended = cluster.balancer.get('/jobs/' + job)
    assert ended['ErrorCode'] == CANCELED and ended['CompletionTime']
    views = [server.get('/jobs/' + job) for server in cluster.replicas.values()]
    assert all(view['State'] == 'Failure' and view['Revision'] == ended['Revision'] for view in views)


def test_paused_job_goes_on_where_it_was(cluster, make_patient):
    """Nothing is sent twice, and nothing is left out."""
    patient = make_patient(cluster.balancer, 5)
    with cluster.slow_receiver() as slow:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [patient['study']]})
        replica_of(cluster, job)
        turns = itertools.cycle(cluster.replicas.values())
        assert act(next(turns), job, 'pause').status_code == 200
        wait_state(next(turns), job, 'Paused')
        received = len(slow.received())
        assert received < 5
        assert act(next(turns), job, 'resume').status_code == 200
        ended = cluster.end_of(job)
        assert ended['State'] == 'Success' and ended['Attempt'] == 1
        wait_until(lambda: len(slow.received()) >= 5, 10, 'all instances')
        assert len(slow.received()) == 5


def test_paused_job_takes_no_slot(cluster, make_patient):
    study = make_patient(cluster.balancer, 12)['study']
    with cluster.slow_receiver() as slow:
        path = '/modalities/%s/store' % slow.modality
        paused = [cluster.balancer.submit(path, {'Resources': [study]}) for _ in range(SLOTS * len(cluster.replicas))]
        for job in paused:
            replica_of(cluster, job)
            assert act(cluster.balancer, job, 'pause').status_code == 200
        for job in paused:
            wait_state(cluster.balancer, job, 'Paused')
        quick = cluster.balancer.submit('/studies/%s/anonymize' % study)
        assert cluster.end_of(quick, 20)['State'] == 'Success'
        for job in paused:
            assert act(cluster.balancer, job, 'cancel').status_code == 200
            assert cluster.end_of(job)['ErrorCode'] == CANCELED


def test_waiting_job(cluster, make_patient, expected):
    """Free jobs change at once, and for everybody."""
    study, short = (make_patient(cluster.balancer, count)['study'] for count in (12, 1))
    with cluster.slow_receiver() as slow:
        path = '/modalities/%s/store' % slow.modality
        with no_free_slot(cluster, path, {'Resources': [study]}):
            job = cluster.balancer.submit(path, {'Resources': [short]})
            assert outcomes(cluster.replicas.values(), job, OF_A_WAITING_JOB, 0) == expected['waiting']
            ended = cluster.balancer.get('/jobs/' + job)
            assert ended['ErrorCode'] == CANCELED and ended['Attempt'] == 0
            assert act(cluster.balancer, job, 'resubmit').status_code == 200
        assert cluster.end_of(job, 120)['State'] == 'Success'


def test_local_job(cluster, make_patient, expected):
    study = make_patient(cluster.balancer, 12)['study']
    own, *others = cluster.replicas.values()
    with cluster.slow_receiver() as slow:
        job = local_job(own, others[0], '/modalities/%s/store' % slow.modality, {'Resources': [study]})
        wait_state(others[0], job, 'Running')
        assert outcomes(others, job, OF_A_RUNNING_JOB, 30) == expected['running']
    for server in cluster.replicas.values():
        ended = server.get('/jobs/' + job)
        assert ended['Origin'] == 'Local' and ended['State'] == 'Failure' and ended['ErrorCode'] == CANCELED


def test_actions_on_jobs_that_have_ended(cluster, make_patient, expected):
    study = make_patient(cluster.balancer)['study']
    own, *others = cluster.replicas.values()
    queued = own.submit('/studies/%s/anonymize' % study)
    archive = own.submit('/studies/%s/archive' % study)
    for job in [queued, archive]:
        assert cluster.end_of(job)['State'] == 'Success'
        assert outcomes(others, job, OF_A_SUCCESS, 5) == expected['success']


def test_unknown_job(cluster, expected):
    for server in cluster.replicas.values():
        answers = [act(server, UNKNOWN, action) for action in ACTIONS]
        assert [answer.status_code for answer in answers] == expected['unknown'] == [400] * len(ACTIONS)
        assert all(answer.content == b'' for answer in answers)
        refused = server.request('DELETE', '/jobs/' + UNKNOWN)
        assert refused.status_code == 404 and refused.json()['OrthancStatus'] == 7


def test_delete(cluster, make_patient):
    """A deleted job is gone everywhere, and does not come back although the core of its replica may know it still."""
    study = make_patient(cluster.balancer)['study']
    own, other, *_ = cluster.replicas.values()
    jobs = [own.submit('/studies/%s/anonymize' % study), own.submit('/studies/%s/archive' % study)]
    for job in jobs:
        assert cluster.end_of(job)['State'] == 'Success'
        answer = other.request('DELETE', '/jobs/' + job)
        assert answer.status_code == 200 and answer.content == b''
        assert other.status('DELETE', '/jobs/' + job) == 404
    until = time.monotonic() + 3
    while time.monotonic() < until:
        for server in cluster.replicas.values():
            assert not set(jobs) & set(server.get('/jobs'))
        time.sleep(0.2)
    for server in cluster.replicas.values():
        for job in jobs:
            answer = server.request('GET', '/jobs/' + job)
            assert answer.status_code == 404 and answer.content == b''


def test_unfinished_job_is_not_deleted(cluster, make_patient):
    study = make_patient(cluster.balancer, 5)['study']
    with cluster.slow_receiver() as slow:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
        for server in cluster.replicas.values():
            refused = server.request('DELETE', '/jobs/' + job)
            assert refused.status_code == 404 and refused.json()['OrthancStatus'] == 7
        assert act(cluster.balancer, job, 'cancel').status_code == 200
        assert cluster.end_of(job)['State'] == 'Failure'


def test_if_match(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    own, other, *_ = cluster.replicas.values()
    job = own.submit('/studies/%s/anonymize' % study)
    cluster.end_of(job)
    revision = other.get('/jobs/' + job)['Revision']

    def conditional(method, path, condition):
        return other.request(method, path, headers={'If-Match': condition})
    for method, path in [('POST', '/jobs/%s/cancel' % job), ('DELETE', '/jobs/' + job)]:
        wrong = conditional(method, path, '"%d"' % (revision + 1))
        assert wrong.status_code == 409 and wrong.json()['OrthancStatus'] == 43
        assert conditional(method, path, 'nonsense').status_code == 400
    for condition in ['"%d"' % revision, str(revision), '"1", "%d"' % revision, '*']:
        assert conditional('POST', '/jobs/%s/cancel' % job, condition).status_code == 200
    assert other.get('/jobs/' + job)['Revision'] == revision
    assert conditional('DELETE', '/jobs/' + job, '"%d"' % revision).status_code == 200


def test_owner_that_does_not_answer(cluster, make_patient):
    """503 after some seconds; the request is carried out as soon as the replica is back."""
    study = make_patient(cluster.balancer, 12)['study']
    with cluster.slow_receiver() as slow:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
        owner = replica_of(cluster, job)
        other = next(server for name, server in cluster.replicas.items() if name != owner)
        docker('pause', cluster.container(owner))
        try:
            start = time.monotonic()
            late = act(other, job, 'pause')
            assert ACTION_SECONDS - 0.5 < time.monotonic() - start < ACTION_SECONDS + 2
        finally:
            docker('unpause', cluster.container(owner))
        assert late.status_code == 503 and owner in late.json()['Details']
        wait_state(other, job, 'Paused')
        assert act(other, job, 'cancel').status_code == 200
        assert cluster.end_of(job)['ErrorCode'] == CANCELED
    cluster.wait_all_answer()


def test_racing_clients(cluster, make_patient):
    """Whatever clients want at the same time, the job is whole, and can be brought to its end."""
    study = make_patient(cluster.balancer, 3)['study']
    servers = list(cluster.replicas.values())
    with cluster.slow_receiver() as slow:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})

        def client(number):
            # A session of its own: those of requests are not made for several threads
            server = servers[number % len(servers)]
            return [requests.post('%s/jobs/%s/%s' % (server.url, job, ACTIONS[(number + turn) % len(ACTIONS)]),
                                  auth=cluster.credentials, timeout=30).status_code for turn in range(10)]
        with ThreadPoolExecutor(6) as pool:
            statuses = [status for answers in pool.map(client, range(6)) for status in answers]
        assert set(statuses) <= {200, 400}

        def ended():
            current = state(cluster.balancer, job)
            if current == 'Paused':
                act(cluster.balancer, job, 'resume')
            if current == 'Failure':
                act(cluster.balancer, job, 'resubmit')
            return current == 'Success'
        wait_until(ended, 60, 'the end of the job', 0.5)
        assert {state(server, job) for server in servers} == {'Success'}
