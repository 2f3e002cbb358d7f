# SPDX-License-Identifier: GPL-3.0-or-later
"""An index of Orthanc without plugin is moved to PostgreSQL and to SQLite by orthanc-registry-move."""

import contextlib
import json
import pathlib
import subprocess
import time

import pytest

from deployment import LONE_IMAGE, STORAGE_USER, docker, docker_logs, wait_until
from dicom_files import make_instance
from stock import OURS, fill, find_differences, read_answers, stock_image

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

CORE = {'StableAge': 1, 'OverwriteInstances': True, 'LogExportedResources': True, 'DicomModalitiesInDatabase': True,
        'OrthancPeersInDatabase': True, 'DatabaseServerIdentifier': 'hospital', 'StorageDirectory': '/tmp/storage',
        'IndexDirectory': '/tmp/storage'}
MOVE = 'exec orthanc-registry-move --configuration /tmp/orthanc.json'
SQLITE = {**CORE, 'Plugins': [OURS + 'libOrthancSQLiteIndex.so'],
          'SQLite': {'EnableIndex': True, 'Path': '/tmp/storage/new/index.sqlite'}}


def postgresql(section):
    return {**CORE, 'Plugins': [OURS + 'libOrthancPostgreSQLIndex.so'], 'PostgreSQL': {**section, 'Lock': False}}


def container_options(cluster, mount, configuration, command):
    """The configuration is in /tmp/orthanc.json."""
    return ['--init', '--network', cluster.network, '--volume', mount, '--user', STORAGE_USER,
            '--env', 'CONFIGURATION=' + json.dumps(configuration), LONE_IMAGE,
            'bash', '-c', 'echo "$CONFIGURATION" > /tmp/orthanc.json && ' + command]


def run_in_container(cluster, mount, configuration, command):
    """Exit code and what has been printed."""
    done = subprocess.run(['docker', 'run', '--rm', *container_options(cluster, mount, configuration, command)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


def move(cluster, mount, configuration):
    return run_in_container(cluster, mount, configuration, MOVE)


def fill_and_read(server, receiver):
    filled = fill(server, receiver.modality)
    peer = {'Url': 'http://there:8042/', 'Username': 'me', 'Password': 'secret', 'HttpHeaders': {'Token': 'abc'}}
    assert server.status('PUT', '/peers/there', json=peer) == 200
    assert server.get('/exports')['Exports']
    return filled, read_all(server)


def read_all(server):
    return {**read_answers(server), '/peers?expand': server.get('/peers?expand')}


@contextlib.contextmanager
def waiting_for_exports(cluster, database):
    """A target with our schema, whose table of exports nobody can write to meanwhile."""
    scripts = sorted((pathlib.Path(__file__).resolve().parents[2] / 'PostgreSQL/Migrations/Index').glob('*.sql'))
    for script in scripts:
        cluster.run_sql(database, script.read_text())
    cluster.run_sql(database, 'CREATE TABLE SharedVersions(component TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL);'
                              "INSERT INTO SharedVersions VALUES ('Index', %d)" % len(scripts))
    docker('exec', '--detach', cluster.container('database'), 'psql', '--dbname=' + database, '--command',
           'BEGIN; LOCK TABLE ExportedResources IN EXCLUSIVE MODE; SELECT pg_sleep(600)')
    try:
        sleeping = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND wait_event = 'PgSleep'"
        wait_until(lambda: cluster.query(sleeping) == [['1']], 10, 'the table is locked')
        yield
    finally:
        cluster.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'")


def kill_in_the_middle(cluster, mount, section):
    """kill -9 after the tables before that of the exports."""
    database = section['Database']
    name = cluster.project + '-move-' + database
    with waiting_for_exports(cluster, database):
        docker('run', '--detach', '--name', name, *container_options(cluster, mount, postgresql(section), MOVE))
        try:
            steps = "SELECT COUNT(*) FROM SharedMoveSteps WHERE step = 'Changes' AND isDone = 1"
            made = "SELECT to_regclass('SharedMoveSteps') IS NOT NULL"
            wait_until(lambda: 't' in cluster.run_sql(database, made) and '1' in cluster.run_sql(database, steps), 60,
                       'the changes are copied')
            docker('kill', '--signal', 'KILL', name)
        except BaseException:
            print(docker_logs(name))
            raise
        finally:
            docker('rm', '--force', name)


def check_it_goes_on(server, before, filled):
    last = before['/changes?last']['Last']
    content = make_instance('New patient')
    new = server.upload(content)
    assert server.request('GET', '/instances/%s/file' % new['ID']).content == content
    seen = server.get('/changes?since=%d' % last)['Changes']
    assert {change['ID'] for change in seen} >= {new['ID'], new['ParentPatient']}
    assert min(change['Seq'] for change in seen) == last + 1
    assert server.status('GET', '/instances/%s/file' % filled['instance']) == 200
    assert server.get('/patients/%s/protected' % filled['protected']) == 1
    statistics = server.get('/statistics')
    assert server.status('DELETE', '/patients/' + new['ParentPatient']) == 200
    assert server.get('/statistics')['CountInstances'] == statistics['CountInstances'] - 1


@pytest.mark.parametrize('origin', ['forky', 'trixie', 'bookworm'])
def test_index_of_the_core_is_moved(cluster, origin):
    section = cluster.new_database()
    with cluster.shared_storage() as mount:
        with cluster.storescp() as receiver, cluster.lone_orthanc(CORE, stock_image(origin), [mount]) as (name, server):
            filled, before = fill_and_read(server, receiver)
            code, out = move(cluster, mount, SQLITE)
            assert code == 1 and 'stop it first' in out, out
            docker('stop', '--time', '20', name)
        checksum = run_in_container(cluster, mount, {}, 'sha256sum /tmp/storage/index')

        kill_in_the_middle(cluster, mount, section)
        # Neither our plugin nor another index gets at it
        code, out = run_in_container(cluster, mount, {**postgresql(section), 'Name': 'Refused'},
                                     'timeout 60 Orthanc /tmp/orthanc.json')
        assert code not in (0, 124) and 'filled only in part by orthanc-registry-move' in out, out

        for configuration, stage in [(postgresql(section), 'PostgreSQL'), (SQLITE, 'SQLite')]:
            begin = time.monotonic()
            code, out = move(cluster, mount, configuration)
            assert code == 0, out
            assert ('Continuing' in out) == (stage == 'PostgreSQL')
            assert 'DIFFERENT' not in out
            print('moved to %s in %.1f s' % (stage, time.monotonic() - begin))
            with cluster.lone_orthanc(configuration, mounts=[mount]) as (_, server):
                after = read_all(server)
                assert find_differences(before, after) == []
                assert len(after) >= len(before) > 50
                check_it_goes_on(server, before, filled)
            assert move(cluster, mount, configuration)[0] == 1  # not twice
        assert run_in_container(cluster, mount, {}, 'sha256sum /tmp/storage/index') == checksum
