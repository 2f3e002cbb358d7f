# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of PostgreSQL is lost, and its standby takes over, under load: Docker/docker-compose.ha.yml."""

import concurrent.futures
import contextlib
import itertools
import secrets
import threading
import time

import pytest
import requests

from deployment import Deployment, docker, wait_until
from dicom_files import make_instance, new_uid

REQUEST_SECONDS = 120  # of the clients; no request may come near it
KINDS = ('instance', 'job', 'modality')


class HighAvailability(Deployment):
    def __init__(self):
        super().__init__('registry-test-ha', 'docker-compose.ha.yml', ['orthanc1', 'orthanc2'])
        self.environment['REPLICATION_PASSWORD'] = secrets.token_hex(16)
        self.primary, self.standby = 'database1', 'database2'

    def ask(self, database, sql):
        return docker('exec', self.container(database), 'psql', '--dbname=orthanc', '--no-align', '--tuples-only',
                      '--command', sql)

    def has_standby(self):
        return self.ask(self.primary, "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'quorum'") == '1'

    def promote(self):
        """The standby takes over, and waits for nobody until there is another standby."""
        self.ask(self.standby, 'SELECT pg_promote()')
        self.ask(self.standby, "ALTER SYSTEM SET synchronous_standby_names = ''")
        self.ask(self.standby, 'SELECT pg_reload_conf()')
        self.primary, self.standby = self.standby, self.primary

    def rejoin(self):
        """The lost server comes back, as a copy that follows the new one."""
        self.compose('rm', '--force', '--stop', self.standby)
        docker('volume', 'rm', '%s_%s' % (self.project, self.standby))
        self.environment['%s_FOLLOWS' % self.standby.upper()] = self.primary
        self.environment['%s_FOLLOWS' % self.primary.upper()] = ''
        self.compose('up', '--detach', '--no-deps', '--no-recreate', self.standby)
        self.ask(self.primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (database1, database2)'")
        self.ask(self.primary, 'SELECT pg_reload_conf()')
        wait_until(self.has_standby, 60, 'the lost server follows')


class Load:
    """Clients that write without end, and know what was acknowledged and when."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.study = cluster.balancer.upload(make_instance('Archived'))
        self.acknowledged = {kind: {self.study['ID']: 0} if kind == 'instance' else {} for kind in KINDS}
        self.refused = []
        self.longest = 0
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.numbers = itertools.count()
        self.series = new_uid(), new_uid()

    def write(self, session, kind, server):
        """The name of what was written, or nothing."""
        common = {'auth': self.cluster.credentials, 'timeout': REQUEST_SECONDS}
        if kind == 'instance':
            answer = session.post(server.url + '/instances', data=make_instance('Failover', *self.series), **common)
        elif kind == 'job':
            path = '/cluster/submit/studies/%s/archive' % self.study['ParentStudy']
            answer = session.post(server.url + path, json={'Asynchronous': True}, **common)
        else:
            name = 'failover%d' % next(self.numbers)
            body = {'AET': name.upper(), 'Host': 'nowhere', 'Port': 104}
            answer = session.put('%s/modalities/%s' % (server.url, name), json=body, **common)
        if answer.status_code != 200:
            with self.lock:
                self.refused.append((kind, answer.status_code))
            return None
        return name if kind == 'modality' else answer.json()['ID']

    def client(self, kind, server, pause):
        with requests.Session() as session:
            while not self.stop.is_set():
                begin = time.monotonic()
                try:
                    written = self.write(session, kind, server)
                except requests.RequestException as error:
                    written = None
                    with self.lock:
                        self.refused.append((kind, type(error).__name__))
                end = time.monotonic()
                with self.lock:
                    self.longest = max(self.longest, end - begin)
                    if written:
                        self.acknowledged[kind][written] = end
                self.stop.wait(pause if written else 0.2)

    def __enter__(self):
        servers = [*self.cluster.replicas.values(), self.cluster.balancer]
        jobs = [('instance', server, 0.02) for server in servers * 2]
        jobs += [('modality', servers[0], 0.05), ('job', servers[1], 0.1)]
        self.threads = [threading.Thread(target=self.client, args=job) for job in jobs]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def count(self):
        with self.lock:
            return {kind: len(written) for kind, written in self.acknowledged.items()}

    def first_after(self, moment):
        """Of each kind, when the first one that was acknowledged after a moment was; nothing until all have one."""
        with self.lock:
            times = {kind: min((at for at in written.values() if at > moment), default=None)
                     for kind, written in self.acknowledged.items()}
        return None if None in times.values() else times

    def report(self, title, killed, promoted):
        times = self.first_after(promoted)
        print('\n%s: first write after the loss / after the promotion: %s; longest request %.1f s; acknowledged %s, '
              'refused %s' % (title, ', '.join('%s %.1f / %.1f s' % (kind, at - killed, at - promoted)
                                               for kind, at in times.items()), self.longest, self.count(),
                              {what: self.refused.count(what) for what in sorted(set(self.refused), key=str)}))


@pytest.fixture(scope='module')
def pair(request):
    failures = request.session.testsfailed
    cluster = HighAvailability()
    with cluster.running(show_logs=lambda: request.session.testsfailed > failures):
        wait_until(cluster.has_standby, 60, 'the standby follows')
        yield cluster


def run_failover(cluster, title, lose):
    """lose(): the primary. Under load the standby takes over; answers the load, ended."""
    with Load(cluster) as load:
        wait_until(lambda: all(count >= 10 for count in load.count().values()), 30, 'the load runs')
        time.sleep(1)
        killed = time.monotonic()
        lose()
        cluster.promote()
        promoted = time.monotonic()
        wait_until(lambda: load.first_after(promoted), REQUEST_SECONDS, 'everything is written again')
        load.report(title, killed, promoted)
        time.sleep(1)
    load.report(title, killed, promoted)
    return load


def check_nothing_is_lost(cluster, load):
    for name, server in cluster.replicas.items():
        check_instances(server, load)
        # A replica that still waits for the lost server serves the last list that it knows
        wait_until(lambda: set(load.acknowledged['modality']) <= set(server.get('/modalities')), 30,
                   '%s has all modalities' % name, 0.5)
        lost = set(load.acknowledged['job']) - set(server.get('/jobs'))
        assert lost == set(), '%s lacks jobs: %s' % (name, lost)
    cluster.wait_success(set(load.acknowledged['job']), 60)


def check_instances(server, load):
    instances = server.get('/instances')
    assert len(instances) == len(set(instances)) == server.get('/statistics')['CountInstances']
    lost = set(load.acknowledged['instance']) - set(instances)
    assert lost == set(), 'lost: %s' % lost

    changes, last = [], 0
    while True:
        page = server.get('/changes?since=%d&limit=1000' % last)
        changes += page['Changes']
        last = page['Last']
        if page['Done']:
            break
    numbers = [change['Seq'] for change in changes]
    assert numbers == sorted(set(numbers))
    new = [change['ID'] for change in changes if change['ChangeType'] == 'NewInstance']
    assert sorted(new) == sorted(instances)


def check_files(cluster, load):
    """An instance of the index always has its file, also one whose client was told that it failed."""
    servers = itertools.cycle(cluster.replicas.values())
    instances = cluster.balancer.get('/instances')

    def read(task):
        instance, server = task
        return requests.get('%s/instances/%s/file' % (server.url, instance), auth=cluster.credentials,
                            timeout=30).status_code
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        assert set(pool.map(read, zip(instances, servers))) == {200}
    print('%d instances in the index, %d acknowledged' % (len(instances), len(load.acknowledged['instance'])))


def check_messages(cluster):
    """Messages between replicas run over the server that is written: a waiting client hears of a change at once."""
    first, second = cluster.replicas.values()
    study = first.upload(make_instance('Waited for'))['ParentStudy']
    job = first.submit('/cluster/submit/studies/%s/archive' % study, {'DelaySeconds': 3600})
    revision = second.get('/jobs/' + job)['Revision']
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(second.get, '/jobs/%s?wait=30&revision=%d' % (job, revision))
        time.sleep(0.5)
        begin = time.monotonic()
        first.post('/jobs/%s/cancel' % job, {})
        waiting.result()
        seconds = time.monotonic() - begin
    assert seconds < 2, 'told after %.1f s' % seconds


def test_standby_takes_over(pair):
    container = pair.container(pair.primary)
    load = run_failover(pair, 'kill -9', lambda: docker('kill', '--signal', 'KILL', container))
    assert load.longest < 30
    check_nothing_is_lost(pair, load)
    check_files(pair, load)
    check_messages(pair)

    # The lost server comes back as the standby: nobody stays there
    pair.rejoin()
    assert pair.balancer.upload(make_instance('After all'))['Status'] == 'Success'
    users = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'orthanc'"
    wait_until(lambda: pair.ask(pair.standby, users) == '0', 10, 'no connection to the standby')


@contextlib.contextmanager
def cut_off(cluster, database):
    """Without a word to anybody: packets to it and from it are lost."""
    container = cluster.container(database)
    docker('network', 'disconnect', '--force', cluster.network, container)
    try:
        yield
    finally:
        docker('rm', '--force', container)


@pytest.mark.long
def test_primary_vanishes(pair):
    with contextlib.ExitStack() as stack:
        load = run_failover(pair, 'network gone', lambda: stack.enter_context(cut_off(pair, pair.primary)))
    assert load.longest < 60
    check_nothing_is_lost(pair, load)
    check_files(pair, load)
    pair.rejoin()


@pytest.mark.long
def test_primary_hangs(pair):
    container = pair.container(pair.primary)
    load = run_failover(pair, 'docker pause', lambda: docker('pause', container))
    docker('kill', '--signal', 'KILL', container)  # the fence
    assert load.longest < 60
    check_nothing_is_lost(pair, load)
    check_files(pair, load)
    pair.rejoin()
