# SPDX-License-Identifier: GPL-3.0-or-later
"""Orthanc behind PgBouncer (Resources/Documentation/pgbouncer.md), by session and by transaction."""

import concurrent.futures
import contextlib
import secrets
import threading
import time

import pytest

from deployment import docker, docker_logs, docker_output, wait_until
from dicom_files import make_instance, make_study
from test_lone import ALL_PLUGINS

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

POOLER = 'orthanc-registry/pooler:forky'


@contextlib.contextmanager
def pooler(cluster, mode, size=20):
    """PgBouncer in front of the database of the cluster: its host name."""
    name = '%s-pooler-%s' % (cluster.project, secrets.token_hex(4))
    docker('run', '--detach', '--name', name, '--network', cluster.network, '--env', 'POOL_MODE=' + mode,
           '--env', 'POOL_SIZE=%d' % size, '--env', 'POSTGRES_USER=orthanc',
           '--env', 'POSTGRES_PASSWORD=' + cluster.environment['POSTGRES_PASSWORD'], POOLER)
    try:
        yield name
    except BaseException:
        print(docker_logs(name))
        raise
    finally:
        docker('rm', '--force', name)


@contextlib.contextmanager
def replicas(cluster, section, count):
    """Orthancs that share a database and a storage: their containers and REST APIs."""
    with contextlib.ExitStack() as stack:
        mount = stack.enter_context(cluster.shared_storage())
        yield [stack.enter_context(cluster.lone_orthanc(
            {'Name': 'Pooled%d' % number, 'DatabaseServerIdentifier': 'Pooled%d' % number, 'Plugins': ALL_PLUGINS,
             'DicomModalitiesInDatabase': True, 'PostgreSQL': section}, mounts=[mount])) for number in range(count)]


def direct_uri(cluster, section):
    return 'postgresql://orthanc:%s@database/%s' % (section['Password'], section['Database'])


def make_section(cluster, host, mode, is_direct):
    section = {**cluster.new_database(), 'Lock': False}
    if mode != 'none':
        uri = direct_uri(cluster, section)
        section.update({'Host': host, 'Port': 6432})
        if is_direct:
            section['DirectUri'] = uri
    return section


def count_connections(cluster, database):
    """Of PostgreSQL, those of one database"""
    [[count]] = cluster.query("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '%s'" % database)
    return int(count)


def check_content(servers):
    contents = make_study(10, 'Pooled')
    stored = [servers[number % len(servers)].upload(content) for number, content in enumerate(contents)]
    for server in servers:
        assert server.get('/statistics')['CountInstances'] == len(contents)
        found = server.post('/tools/find', {'Level': 'Instance', 'Query': {'PatientID': 'Pooled'}})
        assert sorted(found) == sorted(answer['ID'] for answer in stored)
        assert server.request('GET', '/instances/%s/file' % stored[0]['ID']).content == contents[0]
    return stored[0]['ParentStudy']


def check_jobs(servers, study):
    """Jobs that one replica has accepted run at all of them."""
    jobs = {servers[0].submit('/cluster/submit/studies/%s/archive' % study) for _ in range(20)}

    def ended():
        seen = [[job for id_, job in server.jobs().items() if id_ in jobs] for server in servers]
        assert all(job['State'] != 'Failure' for view in seen for job in view)
        return all([job['State'] for job in view].count('Success') == len(jobs) for view in seen) and seen[0]
    seen = wait_until(ended, 60, 'all jobs in Success at all replicas')
    print('Jobs by replica: %s' % sorted(job['Replica'] for job in seen))


def time_message(first, second, study):
    """Seconds until a client that waits at one replica knows what was done at another one"""
    job = first.submit('/cluster/submit/studies/%s/archive' % study, {'DelaySeconds': 3600})
    revision = second.get('/jobs/' + job)['Revision']
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(second.get, '/jobs/%s?wait=30&revision=%d' % (job, revision))
        time.sleep(0.3)
        begin = time.monotonic()
        first.post('/jobs/%s/cancel' % job, {})
        assert waiting.result()['State'] == 'Failure'
        return time.monotonic() - begin


@pytest.mark.parametrize('mode,is_direct,longest', [('session', False, 0.5), ('transaction', True, 0.5),
                                                    ('transaction', False, 3)])
def test_ordinary_life(cluster, mode, is_direct, longest):
    with pooler(cluster, mode) as host:
        section = make_section(cluster, host, mode, is_direct)
        with replicas(cluster, section, 2) as lone:
            servers = [server for _, server in lone]
            logs = docker_output('logs', lone[0][0])
            assert 'through a pooler that works by ' + mode in logs
            assert ('MESSAGES BETWEEN REPLICAS CANNOT BE RECEIVED' in logs) == (mode == 'transaction' and not is_direct)

            study = check_content(servers)
            check_jobs(servers, study)
            seconds = sorted(time_message(*servers, study) for _ in range(3))[1]
            assert servers[0].status('PUT', '/modalities/pooled', json=['POOLED', 'nowhere', 104]) == 200
            assert 'pooled' in servers[1].get('/modalities')
            print('%s, %s: message after %.3f s, %d connections to PostgreSQL'
                  % (mode, 'with DirectUri' if is_direct else 'nothing else', seconds,
                     count_connections(cluster, section['Database'])))
            assert seconds < longest

            docker('restart', '--time', '5', host)
            for server in servers:
                wait_until(lambda: server.status('POST', '/instances', data=make_instance('After')) == 200, 30,
                           'an upload after the restart of the pooler')
            check_jobs(servers, study)


@pytest.mark.long
@pytest.mark.parametrize('mode', ['none', 'session', 'transaction'])
def test_connections_under_load(cluster, mode):
    with pooler(cluster, mode if mode != 'none' else 'session', 20 if mode == 'transaction' else 200) as host:
        section = make_section(cluster, host, mode, mode == 'transaction')
        with replicas(cluster, section, 3) as lone:
            servers = [server for _, server in lone]
            end = time.monotonic() + 20
            done = []

            def upload(number):
                server = servers[number % len(servers)]
                while time.monotonic() < end:
                    content = make_instance('Loaded%d' % number)
                    response = server.request('POST', '/instances', data=content)
                    assert response.status_code == 200
                    done.append(number)
            highest, stop = [0], threading.Event()

            def watch():
                while not stop.wait(0.2):
                    highest[0] = max(highest[0], count_connections(cluster, section['Database']))
            watcher = threading.Thread(target=watch)
            watcher.start()
            try:
                with concurrent.futures.ThreadPoolExecutor(max_workers=30) as pool:
                    list(pool.map(upload, range(30)))
            finally:
                stop.set()
                watcher.join()
            print('\nPooler %s: at most %d connections to PostgreSQL with 30 clients at 3 replicas, %.0f instances/s'
                  % (mode, highest[0], len(done) / 20))
            assert servers[0].get('/statistics')['CountInstances'] == len(done)
