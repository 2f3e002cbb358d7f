# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding jobs: filters, pages, waiting for a change, and what the cluster tells about itself."""

import concurrent.futures
import time

import pytest

from deployment import wait_until

UNKNOWN = '11111111-2222-3333-4444-555555555555'


@pytest.fixture
def jobs(cluster, make_patient):
    """Jobs of two types that have ended, in the order of their submission."""
    study = make_patient(cluster.balancer)['study']
    ids = [cluster.balancer.submit('/studies/%s/anonymize' % study) for _ in range(7)]
    cluster.add_modality('unreachable', 'NOWHERE', '127.0.0.1', 1)
    ids += [cluster.balancer.submit('/modalities/unreachable/store', {'Resources': [study]}) for _ in range(3)]
    for job in ids:
        cluster.end_of(job)
    return ids


def since(cluster, job):
    return cluster.balancer.get('/jobs/' + job)['CreationTime']


def test_filters(cluster, jobs):
    begin = since(cluster, jobs[0])
    for server in [cluster.balancer, *cluster.replicas.values()]:
        def find(**arguments):
            return server.get('/jobs', params={'since': begin, **arguments})
        assert find() == jobs
        assert find(order='desc') == jobs[::-1]
        assert find(state='Failure') == jobs[7:]
        assert find(state='Failure,Success') == jobs
        assert find(type='ResourceModification') == jobs[:7]
        assert find(destination='unreachable') == jobs[7:]
        assert find(origin='Queued', until=since(cluster, jobs[2])) == jobs[:3]
        assert find(origin='Local') == []
        assert find(type='Nonsense') == [] and find(replica='nobody') == []
        by_replica = [job for name in cluster.replicas for job in find(replica=name)]
        assert sorted(by_replica) == sorted(jobs)
        expanded = server.get('/jobs?expand', params={'since': begin, 'state': 'Failure'})
        assert [job['ID'] for job in expanded] == jobs[7:]
        assert {job['Destination'] for job in expanded} == {'unreachable'}


def test_moments_in_iso_8601(cluster, jobs):
    basic = since(cluster, jobs[3])  # YYYYMMDDTHHMMSS[.ffffff]
    extended = '%s-%s-%sT%s:%s:%s' % (basic[:4], basic[4:6], basic[6:8], basic[9:11], basic[11:13], basic[13:])
    for moment in [basic, extended, extended + 'Z', extended + '+00:00']:
        assert cluster.balancer.get('/jobs', params={'since': moment, 'limit': 1}) == [jobs[3]]


@pytest.mark.parametrize('order', ['asc', 'desc'])
@pytest.mark.parametrize('expand', [False, True])
def test_pages_through_the_balancer(cluster, jobs, order, expand):
    """Each page comes from another replica."""
    arguments = {'since': since(cluster, jobs[0]), 'limit': 3, 'order': order, 'expand': str(expand).lower()}
    sizes, seen = [], []
    while True:
        answer = cluster.balancer.request('GET', '/jobs', params=arguments)
        assert answer.status_code == 200
        page = [job['ID'] for job in answer.json()] if expand else answer.json()
        sizes.append(len(page))
        seen += page
        if 'X-Next-Page' not in answer.headers:
            break
        arguments['page'] = answer.headers['X-Next-Page']
    assert sizes == [3, 3, 3, 1]
    assert seen == (jobs if order == 'asc' else jobs[::-1])


def test_without_arguments_as_the_core(cluster, jobs):
    for path in ['/jobs', '/jobs?_=1764104400']:  # a browser that wants no cached answer
        answer = cluster.balancer.request('GET', path)
        assert answer.json() == sorted(answer.json()) and set(jobs) <= set(answer.json())
        assert 'X-Next-Page' not in answer.headers
    expanded = cluster.balancer.get('/jobs?expand')
    assert [job['ID'] for job in expanded] == cluster.balancer.get('/jobs')


@pytest.mark.parametrize('argument, valid', [
    ('state=Done', 'Pending, Running, Success, Failure, Paused, Retry'),
    ('origin=Everywhere', 'Queued, Local'),
    ('order=up', 'asc, desc'),
    ('sate=Failure', 'state, type, replica, origin, destination, since, until'),
    ('limit=0', '1 to 10000'),
    ('limit=10001', '1 to 10000'),
    ('since=yesterday', 'YYYYMMDDTHHMMSS'),
    ('page=nonsense', 'page'),
    ('expand=maybe', 'Boolean')])
def test_wrong_arguments(cluster, argument, valid):
    answer = cluster.balancer.request('GET', '/jobs?' + argument)
    assert answer.status_code == 400
    assert valid in answer.json()['Details']


def test_wait_for_the_end_at_another_replica(cluster, make_patient):
    """A client that follows a job by its revisions sees it end in well under a second, and asks only a few times."""
    study = make_patient(cluster.balancer)['study']
    for server in cluster.replicas.values():
        job = cluster.balancer.submit('/studies/%s/anonymize' % study)
        revision, requests, state = 0, 0, None
        while state not in ('Success', 'Failure'):
            answer = server.get('/jobs/' + job, params={'wait': 20, 'revision': revision})
            assert answer['Revision'] > revision
            revision, state = answer['Revision'], answer['State']
            requests += 1
        assert state == 'Success'
        assert requests <= revision


def test_waiter_is_woken_at_once(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    delays = []
    with cluster.slow_receiver() as slow, concurrent.futures.ThreadPoolExecutor() as pool:
        job = cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
        running = wait_until(lambda: next((view for view in [cluster.balancer.get('/jobs/' + job)]
                                           if view['State'] == 'Running'), None), 10, 'the job runs')

        def follow(server):
            revision, state = running['Revision'], 'Running'
            while state == 'Running':
                answer = server.get('/jobs/' + job, params={'wait': 30, 'revision': revision})
                revision, state = answer['Revision'], answer['State']
            return time.monotonic(), state
        ends = list(pool.map(follow, cluster.replicas.values()))
        assert {state for _, state in ends} == {'Success'}
        delays = [moment - min(moment for moment, _ in ends) for moment, _ in ends]
    print('\nThe last replica answered its waiter %.0f ms after the first' % (1000 * max(delays)))
    assert max(delays) < 0.5


def test_wait_ends_by_itself(cluster, jobs):
    start = time.monotonic()
    answer = cluster.balancer.get('/jobs/' + jobs[0], params={'wait': 1})
    assert 1 <= time.monotonic() - start < 3
    assert answer['State'] == 'Success'
    start = time.monotonic()
    cluster.balancer.get('/jobs/' + jobs[0], params={'wait': 60, 'revision': answer['Revision'] - 1})
    assert time.monotonic() - start < 1
    assert cluster.balancer.status('GET', '/jobs/%s?wait=1' % UNKNOWN) == 404
    for wrong in ['wait=301', 'wait=-1', 'wait=x', 'wait=', 'wait=1&revision=x']:
        assert cluster.balancer.status('GET', '/jobs/%s?%s' % (jobs[0], wrong)) == 400


def test_waiters_leave_threads_for_work(cluster, jobs):
    """More waiters than may wait: the others are answered at once, and everything else goes on."""
    server = next(iter(cluster.replicas.values()))
    count = 40
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        path = '/jobs/%s?wait=5' % jobs[0]
        answers = [pool.submit(server.request, 'GET', path) for _ in range(count)]
        start = time.monotonic()
        assert server.status('GET', '/system') == 200
        assert time.monotonic() - start < 2
        answers = [answer.result() for answer in answers]
    assert {answer.status_code for answer in answers} == {200}
    busy = [answer for answer in answers if answer.headers.get('Retry-After') == '1']
    assert 0 < len(busy) < count


def test_entity_tag(cluster, jobs):
    answer = cluster.balancer.request('GET', '/jobs/' + jobs[0])
    tag = answer.headers['ETag']
    assert tag == '"%d"' % answer.json()['Revision']
    for server in cluster.replicas.values():
        same = server.request('GET', '/jobs/' + jobs[0], headers={'If-None-Match': tag})
        assert same.status_code == 304 and same.content == b'' and same.headers['ETag'] == tag
        assert server.status('GET', '/jobs/' + jobs[0], headers={'If-None-Match': '"0"'}) == 200


def test_replicas(cluster):
    for server in cluster.replicas.values():
        def all_alive():
            replicas = server.get('/cluster/replicas')
            return replicas if {entry['Identifier'] for entry in replicas if entry['State'] == 'Alive'} \
                == set(cluster.replicas) else None
        replicas = wait_until(all_alive, 30, 'all replicas are alive')
        for entry in replicas:
            assert entry['Version'] == server.get('/system')['Version']
            assert entry['Capacity'] >= 1 and entry['Running'] >= 0
            assert entry['SecondsSinceHeartbeat'] < 10
            assert {'Name', 'Incarnation', 'Started', 'LastHeartbeat'} <= set(entry)
        assert server.status('POST', '/cluster/replicas', json={}) == 405


def test_statistics(cluster, jobs):
    for server in cluster.replicas.values():
        time.sleep(1.1)  # each replica counts once a second at most
        statistics = server.get('/cluster/statistics')
        assert statistics['ReplicasAlive'] == len(cluster.replicas)
        assert sum(statistics['ByState'].values()) == statistics['Total'] >= len(jobs)
        assert statistics['ByType']['DicomModalityStore']['Failure'] >= 3
        assert statistics['ByType']['ResourceModification']['Success'] >= 7
        assert statistics['Ended']['LastHour']['Success'] >= 7
        assert server.status('DELETE', '/cluster/statistics') == 405


def test_bulk_actions_need_a_filter(cluster):
    for body in ['', '{}', '[]', '{"All": false}', '{"State": "Done"}', '{"Sate": "Failure"}']:
        assert cluster.balancer.status('POST', '/cluster/jobs/cancel', data=body) == 400
    assert cluster.balancer.status('GET', '/cluster/jobs/cancel') == 405


def test_bulk_delete(cluster, jobs):
    begin = since(cluster, jobs[0])
    body = {'State': ['Failure'], 'Since': begin}
    assert cluster.balancer.post('/cluster/jobs/delete', body) == {'Matched': 3, 'Changed': 3, 'Refused': 0,
                                                                   'Failed': 0}
    for server in cluster.replicas.values():
        assert server.get('/jobs', params={'since': begin}) == jobs[:7]
    # Of the core: only failed jobs can be resubmitted, and cancelling an ended one does nothing
    for action in ['resubmit', 'resume', 'cancel', 'pause']:
        answer = cluster.balancer.post('/cluster/jobs/' + action, {'Since': begin})
        assert answer == {'Matched': 7, 'Changed': 0, 'Refused': 7, 'Failed': 0}
