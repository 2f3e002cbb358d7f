# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of modalities and peers for all replicas."""

import concurrent.futures
import json
import random
import statistics
import subprocess
import time

import pytest

from conftest import DEPLOYMENTS, run
from deployment import TOOLS, Server, docker, docker_output, wait_until
from test_figures import logged_statements

OPTIONS = {'DicomAlwaysAllowEcho': False, 'DicomAlwaysAllowStore': False, 'Registry': {'LeaseSeconds': 5}}
ROUNDS = 1000
ECHO_ROUNDS = 30
WRITERS = 10
ENTRIES = 100
COST_REQUESTS = 500


@pytest.fixture(scope='module', params=DEPLOYMENTS)
def shared(request):
    yield from run(request, 'directory-', options=OPTIONS)


def modality(aet, host='nowhere', port=104):
    return {'AET': aet, 'Host': host, 'Port': port}


def put(server, name, value, headers=None):
    response = server.request('PUT', '/modalities/' + name, json=value, headers=headers)
    assert response.status_code == 200, response.text
    return response


def lists(server):
    return server.get('/modalities?expand'), server.get('/peers?expand')


def check_same(shared):
    """All replicas answer the same, which is returned."""
    answers = [lists(server) for server in shared.replicas.values()]
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0]


def test_no_answer_is_stale(shared):
    first, *others = shared.replicas.values()
    stale = 0
    start = time.monotonic()
    for number in range(ROUNDS):
        aet = 'AET%d' % number
        put(first, 'fresh', modality(aet))
        for server in others:
            stale += server.get('/modalities/fresh/configuration')['AET'] != aet
    print('\n%d changes through one replica, read at %d others at once: %d stale answers (%.1f ms per round)'
          % (ROUNDS, len(others), stale, 1000 * (time.monotonic() - start) / ROUNDS))
    assert stale == 0
    assert first.status('DELETE', '/modalities/fresh') == 200
    assert [server.status('GET', '/modalities/fresh') for server in others] == [404] * len(others)


def test_peers_and_their_secrets(shared):
    first, *others = shared.replicas.values()
    peer = {'Url': 'http://nowhere:8042/', 'Username': 'alice', 'Password': 'do-not-show',
            'HttpHeaders': {'Token': 'do-not-show'}}
    assert first.status('PUT', '/peers/p', json=peer) == 200
    for server in others:
        shown = server.get('/peers/p/configuration')
        assert shown['Username'] == 'alice' and shown['HttpHeaders'] == ['Token']
    for server in shared.replicas.values():
        for path in ('/cluster/directory', '/cluster/directory/history'):
            answer = server.request('GET', path)
            assert answer.status_code == 200 and 'do-not-show' not in answer.text
    change = next(iter(first.get('/cluster/directory/history?name=p')))
    assert 'orthanc' in json.dumps(change)
    assert others[0].status('DELETE', '/peers/p') == 200
    assert first.status('GET', '/peers/p') == 404


def test_answers_of_the_core(shared):
    server = shared.balancer
    name = '/modalities/answers'
    good = modality('GOOD')
    assert server.status('PUT', name, data='{') == 400
    assert server.status('PUT', name, json=[1]) == 400
    assert server.status('PUT', name, json={**good, 'Manufacturer': 'nobody'}) == 400
    assert server.status('PUT', '/modalities/a.b', json=good) == 400
    assert server.status('PUT', '/peers/answers', data='{') == 404
    assert server.status('PUT', '/peers/answers', json=['http://nowhere/', 'user']) == 400
    assert server.status('DELETE', name) == 404
    missing = server.request('GET', name)
    assert (missing.status_code, missing.text) == (404, '')
    assert server.status('GET', name + '/configuration') == 404
    post = server.request('POST', name, json={})
    assert (post.status_code, post.headers['Allow']) == (405, 'GET,PUT,DELETE')
    done = server.request('PUT', name, json=good)
    assert (done.status_code, done.text) == (200, '')
    assert 'echo' in server.get(name)
    assert server.get('/modalities?expand')['answers'] == server.get(name + '/configuration')
    assert server.status('DELETE', name) == 200


def test_entity_tags(shared):
    first, second = list(shared.replicas.values())[:2]
    name = '/modalities/tagged'
    created = first.request('PUT', name, json=modality('ONE'), headers={'If-None-Match': '*'})
    assert created.status_code == 200
    tag = created.headers['ETag']
    assert first.status('PUT', name, json=modality('TWO'), headers={'If-None-Match': '*'}) == 409
    assert second.request('GET', name).headers['ETag'] == tag
    assert second.request('GET', name + '/configuration').headers['ETag'] == tag
    same = second.request('GET', name, headers={'If-None-Match': tag})
    assert (same.status_code, same.text) == (304, '')
    changed = second.request('PUT', name, json=modality('TWO'), headers={'If-Match': tag})
    assert changed.status_code == 200 and changed.headers['ETag'] != tag
    conflict = first.request('PUT', name, json=modality('THREE'), headers={'If-Match': tag})
    assert conflict.status_code == 409
    assert first.get(name + '/configuration')['AET'] == 'TWO'
    assert first.status('DELETE', name, headers={'If-Match': tag}) == 409
    assert first.status('DELETE', name, headers={'If-Match': changed.headers['ETag']}) == 200
    assert second.status('DELETE', name, headers={'If-Match': '*'}) == 409
    again = second.request('PUT', name, json=modality('ONE'))
    assert int(again.headers['ETag'].strip('"')) > int(changed.headers['ETag'].strip('"'))
    assert second.status('DELETE', name) == 200


def await_echo(container, replica, aet):
    """Tries within the container until an association from that AET is accepted; its output are the times of the last
    attempt: of its start, and of its end."""
    script = ('echo ready; s=$(date +%%s.%%N); until echoscu --aetitle %s %s 4242 2> /dev/null;'
              ' do s=$(date +%%s.%%N); done; echo $s $(date +%%s.%%N)' % (aet, replica))
    process = subprocess.Popen(['docker', 'exec', container, 'sh', '-c', script], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'ready\n'
    return process


def test_associations_from_a_new_modality(shared):
    first, *others = shared.replicas
    container = docker('run', '--detach', '--init', '--network', shared.network, TOOLS, 'sleep', 'infinity')
    try:
        times, attempts = [], []
        for number in range(ECHO_ROUNDS):
            aet = 'NEW%d' % number
            waiting = [await_echo(container, replica, aet) for replica in others]
            time.sleep(0.1)  # the loops are under way
            assert [process.poll() for process in waiting] == [None] * len(others)
            start = time.time()
            put(shared.replicas[first], 'echo%d' % number, modality(aet))
            for process in waiting:
                out, _ = process.communicate(timeout=20)
                begin, end = map(float, out.split())
                times.append(1000 * (end - start))
                attempts.append(1000 * (end - begin))
        for number in range(ECHO_ROUNDS):
            assert shared.replicas[first].status('DELETE', '/modalities/echo%d' % number) == 200
    finally:
        docker('rm', '--force', container)
    print('\nFrom PUT of a modality to its accepted C-ECHO at another replica: median %.0f ms, worst %.0f ms of %d,'
          ' in attempts that take %.0f ms each' % (statistics.median(times), max(times), len(times),
                                                  statistics.median(attempts)))
    # The attempt that succeeds begins at most one attempt after the change is known
    assert statistics.median(times) < 1.5 * statistics.median(attempts) + 50


class Writer:
    """Changes entries at random at all replicas, and remembers what was acknowledged."""

    def __init__(self, shared, number):
        self.servers = [Server(shared.ports['REPLICA%s_PORT' % name[-1]], shared.credentials)
                        for name in shared.replicas]  # with connections of its own
        self.random = random.Random(number)
        self.number = number
        self.count = 0
        self.acknowledged = []  # (entry, start, end, AET or None)
        self.statuses = {}

    def step(self):
        server = self.random.choice(self.servers)
        entry = 'entry%d' % self.random.randrange(ENTRIES)
        self.count += 1
        aet = 'W%d-%d' % (self.number, self.count)
        headers, method, value = {}, 'PUT', modality(aet)
        kind = self.random.random()
        if kind < 0.4:
            tag = server.request('GET', '/modalities/' + entry).headers.get('ETag')
            headers = {'If-Match': tag} if tag else {'If-None-Match': '*'}
            if tag and kind < 0.15:
                method, value, aet = 'DELETE', None, None
        start = time.monotonic()
        status = server.status(method, '/modalities/' + entry, json=value, headers=headers)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 200:
            self.acknowledged.append((entry, start, time.monotonic(), aet))

    def run(self, deadline):
        while time.monotonic() < deadline:
            self.step()
        return self


def test_many_writers_at_all_replicas(shared, is_long):
    seconds = 60 if is_long else 10
    deadline = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writers = list(pool.map(lambda number: Writer(shared, number).run(deadline), range(WRITERS)))
    modalities, _ = check_same(shared)
    writes = [write for writer in writers for write in writer.acknowledged]
    statuses = {}
    for writer in writers:
        for status, count in writer.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    wrong = 0
    for entry in {write[0] for write in writes}:
        of_entry = [write for write in writes if write[0] == entry]
        latest_start = max(write[1] for write in of_entry)
        # Those that overlap may have come in any order
        possible = [write[3] for write in of_entry if write[2] >= latest_start]
        wrong += modalities.get(entry, {}).get('AET') not in possible
    print('\n%d writers on %d replicas for %d s: %d writes acknowledged, answers %s, %d wrong entries'
          % (WRITERS, len(shared.replicas), seconds, len(writes), statuses, wrong))
    assert wrong == 0
    assert set(statuses) <= {200, 409}
    for name in modalities:
        if name.startswith('entry'):
            assert shared.balancer.status('DELETE', '/modalities/' + name) == 200


def test_a_job_for_a_brand_new_modality(shared, make_patient):
    study = make_patient(shared.balancer, 2)['study']
    first = next(iter(shared.replicas.values()))
    with shared.storescp() as receiver:
        jobs = []
        for number in range(20):
            put(first, 'brandnew%d' % number, modality('RECEIVER', receiver.host, 11112))
            jobs.append(first.submit('/modalities/brandnew%d/store' % number, {'Resources': [study]}))
        ended = [shared.end_of(job) for job in jobs]
        assert [job['State'] for job in ended] == ['Success'] * len(jobs), ended
        print('\n%d jobs for brand-new modalities ran at %s' % (len(jobs), sorted({job['Replica'] for job in ended})))
        for number in range(20):
            assert first.status('DELETE', '/modalities/brandnew%d' % number) == 200


@pytest.mark.alone
@pytest.mark.parametrize('shared', ['postgresql'], indirect=True)
def test_cost_of_a_request(shared):
    server = next(iter(shared.replicas.values()))

    def microseconds(path):
        times = []
        for _ in range(COST_REQUESTS):
            start = time.perf_counter()
            assert server.status('GET', path) == 200
            times.append(1e6 * (time.perf_counter() - start))
        return statistics.median(times)
    with_edge, without = [], []
    for _ in range(3):
        with_edge.append(microseconds('/modalities'))
        without.append(microseconds('/tools/now'))
    with logged_statements(shared):
        for _ in range(100):
            server.get('/modalities')
        log = docker_output('logs', '--since', '10s', shared.container('database'))
    statements = len([line for line in log.splitlines()
                      if 'execute registry_' in line and 'FROM SharedDirectories' in line])
    print('\nGET with the read edge: %.0f us, without: %.0f us (medians); %.2f statements per request'
          % (min(with_edge), min(without), statements / 100))
    assert min(with_edge) - min(without) < 20000


@pytest.mark.parametrize('shared', ['postgresql'], indirect=True)
def test_a_database_that_hangs(shared):
    server = next(iter(shared.replicas.values()))
    put(server, 'known', modality('KNOWN'))
    with shared.suspended('database'):
        times = []
        for _ in range(3):
            start = time.monotonic()
            assert server.get('/modalities/known/configuration')['AET'] == 'KNOWN'
            times.append(time.monotonic() - start)
    print('\nGET while the database hangs: %s' % ', '.join('%.2f s' % seconds for seconds in times))
    assert times[0] < 3 and max(times[1:]) < 0.5
    shared.wait_all_answer()
    put(server, 'known', modality('AGAIN'))
    for other in shared.replicas.values():
        assert other.get('/modalities/known/configuration')['AET'] == 'AGAIN'
    assert server.status('DELETE', '/modalities/known') == 200


def test_a_replica_that_comes_back_has_the_list(shared):
    *others, last = shared.replicas
    put(shared.replicas[last], 'before', modality('BEFORE'))
    with shared.killed(last):
        put(shared.replicas[others[0]], 'meanwhile', modality('MEANWHILE'))
    modalities, _ = check_same(shared)
    assert {'before', 'meanwhile'} <= set(modalities)
    for name in ('before', 'meanwhile'):
        assert shared.balancer.status('DELETE', '/modalities/' + name) == 200
    wait_until(lambda: check_same(shared) is not None, 10, 'the same lists')


@pytest.mark.parametrize('shared', ['postgresql'], indirect=True)
def test_long_lists_without_revisions(shared):
    """The core serves its own routes then, on its threads with small stacks."""
    options = {'Plugins': ['/usr/share/orthanc/plugins-registry/libOrthancPostgreSQLIndex.so'],
               'DicomModalitiesInDatabase': True, 'OrthancPeersInDatabase': True,
               'PostgreSQL': shared.new_database(), **OPTIONS}
    with shared.lone_orthanc(options) as (_, server):
        for number in range(300):
            put(server, 'm%d' % number, modality('M%d' % number, 'host' + 'x' * 200))
            peer = {'Url': 'http://nowhere%d/' % number, 'Username': 'a', 'Password': 'b' * 200,
                    'HttpHeaders': {'A': 'b'}}
            assert server.status('PUT', '/peers/p%d' % number, json=peer) == 200
        assert server.request('PUT', '/modalities/m1', json=modality('M')).headers.get('ETag') is None
        assert server.status('DELETE', '/peers/p7') == 200
        modalities, peers = lists(server)
        assert (len(modalities), len(peers)) == (300, 299)
        status = server.get('/cluster/directory')
        assert 'm299' in json.dumps(status)


@pytest.mark.parametrize('shared', ['postgresql'], indirect=True)
def test_frozen_lists(shared):
    options = {'Plugins': ['/usr/share/orthanc/plugins-registry/libOrthancPostgreSQLIndex.so'],
               'DicomModalitiesInDatabase': True, 'OrthancPeersInDatabase': True,
               'DicomModalities': {'kept': ['KEPT', 'nowhere', 104]}, 'PostgreSQL': shared.new_database(),
               'Registry': {'FreezeDirectory': True, 'ImportDirectory': True}}
    with shared.lone_orthanc(options) as (_, server):
        assert server.status('PUT', '/modalities/new', json=modality('NEW')) == 403
        assert server.status('DELETE', '/modalities/kept') == 403
        assert server.status('PUT', '/peers/new', json=['http://nowhere/']) == 403
        assert server.get('/modalities') == ['kept'] and server.get('/peers') == []
