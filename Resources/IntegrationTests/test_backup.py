# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups made while a cluster works, restored elsewhere: jobs, lists, changes and numbers go on from there."""

import contextlib
import secrets
import threading

import pytest

from deployment import TOOLS, docker, wait_until
from dicom_files import make_instance

PLUGINS = '/usr/share/orthanc/plugins-registry/'
RUNS = 6  # at a time: two at each of three replicas
WAITING, RUNNING, SUCCESS, FAILURE, PAUSED = range(5)


def read_everything(server):
    changes = server.get('/changes?limit=100000')
    return {'instances': set(server.get('/instances')), 'studies': set(server.get('/studies')),
            'changes': changes['Changes'], 'last': changes['Last']}


def check_content(restored, before, after):
    """What was there before the dump is in it; nothing is in it that was not there after; and it is one whole."""
    content = read_everything(restored)
    for kind in ['instances', 'studies']:
        assert before[kind] <= content[kind] <= after[kind]
    assert before['changes'] == content['changes'][:len(before['changes'])]
    assert content['changes'] == after['changes'][:len(content['changes'])]
    statistics = restored.get('/statistics')
    assert statistics['CountInstances'] == len(content['instances'])
    assert statistics['CountStudies'] == len(content['studies'])
    for instance in content['instances'] - before['instances']:
        assert restored.get('/instances/%s/study' % instance)['ID'] in content['studies']


def check_it_goes_on(server):
    """New rows get new numbers."""
    last = server.get('/changes?last')['Last']
    uploaded = server.upload(make_instance('After the restore'))
    assert uploaded['Status'] == 'Success'
    assert all(change['Seq'] > last for change in server.get('/changes?since=%d' % last)['Changes'])
    assert server.get('/changes?last')['Last'] > last
    job = server.submit('/studies/%s/modify' % uploaded['ParentStudy'], {'Replace': {'PatientName': 'New'}})
    wait_until(lambda: server.get('/jobs/' + job)['State'] == 'Success', 30, 'a new job')
    assert server.status('DELETE', '/patients/' + uploaded['ParentPatient']) == 200


@contextlib.contextmanager
def uploading(server, patient):
    """Uploads meanwhile, one instance after the other."""
    stop = threading.Event()

    def upload():
        while not stop.is_set():
            server.upload(make_instance(patient))
    thread = threading.Thread(target=upload)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def copy_volume(source, target, *command):
    """As a backup of files does it, for the user of lone servers."""
    docker('run', '--rm', '--user', '0', '--volume', source + ':/source', '--volume', target, TOOLS, 'bash', '-c',
           ' && '.join(command or ['cp -a /source/. /tmp/storage']) + ' && chown -R 10042 /tmp/storage')


def in_database(cluster, *command):
    """As the role of Orthanc."""
    return docker('exec', '--env', 'PGHOST=127.0.0.1', '--env', 'PGUSER=orthanc', '--env',
                  'PGPASSWORD=' + cluster.environment['POSTGRES_PASSWORD'], cluster.container('database'), *command)


def dump_and_restore(cluster, section):
    """The dump, and a function that restores it into the empty database of the section."""
    in_database(cluster, 'pg_dump', '--format=custom', '--file=/tmp/orthanc.dump', 'orthanc')
    return lambda: in_database(cluster, 'pg_restore', '--exit-on-error', '--dbname=' + section['Database'],
                               '/tmp/orthanc.dump')


def read_jobs(cluster, section):
    """By id: state, attempts"""
    rows = cluster.run_sql(section['Database'], 'SELECT id, state, attempts FROM SharedJobs').splitlines()
    return {id_: (int(state), int(attempts)) for id_, state, attempts in (row.split('|') for row in rows)}


def read_job(server, job):
    answer = server.get('/jobs/' + job)
    del answer['Timestamp']  # of the answer
    return answer


def make_history(cluster, make_patient):
    """A study with all that belongs to one, entries of both lists, ended jobs and their outputs."""
    server = cluster.balancer
    patient = make_patient(server, 2, 'Backed up')
    study = '/studies/' + patient['study']
    assert server.status('PUT', study + '/labels/kept', data='') == 200
    assert server.status('PUT', study + '/metadata/1025', data='kept') == 200
    peer = {'Url': 'http://nowhere:8042/', 'Username': 'kept', 'Password': secrets.token_hex(16)}
    assert server.status('PUT', '/peers/backed-up', json=peer) == 200
    cluster.add_modality('nobody', 'NOBODY', 'localhost', 9)
    archive = server.post('/cluster/submit%s/archive' % study, {})['ID']
    assert cluster.end_of(archive)['State'] == 'Success'
    failed = server.submit('/modalities/nobody/store', {'Resources': [patient['study']]})
    assert cluster.end_of(failed)['State'] == 'Failure'
    put_off = server.submit(study + '/modify', {'Replace': {'PatientName': 'Later'}, 'DelaySeconds': 86400})
    return patient, archive, failed, put_off


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_dump_of_a_working_cluster(cluster, make_patient):
    server = cluster.balancer
    patient, archive, failed, put_off = make_history(cluster, make_patient)
    section = cluster.new_database()
    with cluster.slow_receiver() as receiver:
        stores = [server.submit('/modalities/%s/store' % receiver.modality, {'Resources': [patient['study']]})
                  for _ in range(RUNS + 3)]
        wait_until(lambda: [server.get('/jobs/' + job)['State'] for job in stores].count('Running') == RUNS, 30,
                   'all slots are taken')
        paused = stores[-1]
        server.post('/jobs/%s/pause' % paused, {})
        before = read_everything(server)
        with uploading(server, 'While it is dumped'):
            restore = dump_and_restore(cluster, section)
        after = read_everything(server)
        restore()
        jobs = read_jobs(cluster, section)
        states = [jobs[job][0] for job in stores]
        assert RUNNING in states and WAITING in states
        assert [jobs[job][0] for job in [archive, failed, put_off, paused]] == [SUCCESS, FAILURE, WAITING, PAUSED]
        zip_file = server.request('GET', '/jobs/%s/archive' % archive).content

        options = {'Plugins': [PLUGINS + 'libOrthancPostgreSQLIndex.so'], 'PostgreSQL': {**section, 'Lock': False},
                   'DicomModalitiesInDatabase': True, 'OrthancPeersInDatabase': True, 'ConcurrentJobs': RUNS,
                   'StableAge': 600}
        key = 'export ORTHANC_REGISTRY_KEY=' + cluster.environment['REGISTRY_KEY']
        with cluster.shared_storage() as mount:
            copy_volume(cluster.project + '_storage', mount)
            with cluster.lone_orthanc(options, mounts=[mount], before=key) as (_, lone):
                check_content(lone, before, after)
                check_study(lone, patient, zip_file, archive)
                check_lists(lone, server)
                check_jobs(lone, jobs, stores, paused)
                assert read_job(lone, put_off) == read_job(server, put_off)
                check_it_goes_on(lone)
    server.post('/cluster/jobs/cancel', {'All': True})


def check_study(lone, patient, zip_file, archive):
    study = '/studies/' + patient['study']
    assert lone.get(study + '/labels') == ['kept']
    assert lone.request('GET', study + '/metadata/1025').text == 'kept'
    assert lone.request('GET', '/jobs/%s/archive' % archive).content == zip_file
    for instance in patient['instances']:
        assert lone.status('GET', '/instances/%s/file' % instance) == 200


def check_lists(lone, server):
    for path in ['/modalities?expand', '/peers?expand']:
        assert lone.get(path) == server.get(path)
    directory = lone.get('/cluster/directory')
    assert directory['Peers']['Entries']['backed-up']['Encrypted'] and directory['Peers']['Problems'] == []


def check_jobs(lone, jobs, stores, paused):
    """Waiting ones are run, once; those that were running at the time of the dump once more, after the lease."""
    def ended():
        found = [lone.get('/jobs/' + job) for job in stores if job != paused]
        assert [job for job in found if job['State'] == 'Failure'] == []
        return all(job['State'] == 'Success' for job in found)
    wait_until(ended, 60, 'the jobs of the dump', 0.2)
    for job in set(stores) - {paused}:
        state, attempts = jobs[job]
        assert lone.get('/jobs/' + job)['Attempt'] == attempts + (0 if state == SUCCESS else 1)
    assert lone.get('/jobs/' + paused)['State'] == 'Paused'
    lone.post('/jobs/%s/resume' % paused, {})
    wait_until(lambda: lone.get('/jobs/' + paused)['State'] == 'Success', 30, 'the resumed job')


SQLITE_BACKUPS = {
    'backup': 'import sqlite3; sqlite3.connect("/index/index.sqlite").backup(sqlite3.connect("/tmp/storage/backup"))',
    'vacuum': 'import sqlite3; sqlite3.connect("/index/index.sqlite").execute("VACUUM INTO \'/tmp/storage/backup\'")',
}


@pytest.mark.parametrize('cluster', ['sqlite'], indirect=True)
def test_backup_of_sqlite(cluster, make_patient):
    server = cluster.balancer
    patient, archive, failed, put_off = make_history(cluster, make_patient)
    key = 'export ORTHANC_REGISTRY_KEY=' + cluster.environment['REGISTRY_KEY']
    for way, command in SQLITE_BACKUPS.items():
        with cluster.shared_storage() as mount:
            before = read_everything(server)
            with uploading(server, 'While it is copied'):
                docker('run', '--rm', '--user', '0', '--volume', cluster.project + '_index:/index', '--volume', mount,
                       TOOLS, 'python3', '-c', command)
            after = read_everything(server)
            zip_file = server.request('GET', '/jobs/%s/archive' % archive).content
            copy_volume(cluster.project + '_storage', mount, 'cp -a /source/. /tmp/storage')
            options = {'Plugins': [PLUGINS + 'libOrthancSQLiteIndex.so'], 'DicomModalitiesInDatabase': True,
                       'OrthancPeersInDatabase': True, 'StableAge': 600,
                       'SQLite': {'EnableIndex': True, 'Path': '/tmp/storage/backup'}}
            with cluster.lone_orthanc(options, mounts=[mount], before=key) as (_, lone):
                check_content(lone, before, after)
                check_study(lone, patient, zip_file, archive)
                check_lists(lone, server)
                for job in [failed, put_off]:
                    assert read_job(lone, job) == read_job(server, job), way
                check_it_goes_on(lone)
