# SPDX-License-Identifier: GPL-3.0-or-later
"""Two roles: one that owns the schema and upgrades it, and one that Orthanc works with (Resources/Roles)."""

import contextlib
import io
import json
import pathlib
import secrets
import subprocess
import zipfile

import pytest

from deployment import LONE_IMAGE, docker, docker_output, wait_until
from dicom_files import make_instance, make_study

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

PLUGINS = ['/usr/share/orthanc/plugins-registry/libOrthancPostgreSQL%s.so' % name for name in ['Index', 'Storage']]
SCRIPT = pathlib.Path(__file__).resolve().parents[1] / 'Roles' / 'runtime-role.sql'
SCHEMA = 'clinic'

# Each of them is refused to the runtime role
DDL = ['CREATE TABLE Mine (id INTEGER)', 'ALTER TABLE Resources ADD COLUMN mine INTEGER', 'DROP TABLE Labels',
       'CREATE INDEX Mine ON Resources (publicId)', 'DROP INDEX ChangesIndex', 'TRUNCATE Changes',
       'CREATE FUNCTION Mine() RETURNS INTEGER LANGUAGE sql AS $$ SELECT 1 $$', 'DROP FUNCTION SharedNow()',
       'ALTER TABLE Resources DISABLE TRIGGER ALL', 'CREATE SCHEMA mine',
       "UPDATE SharedVersions SET version = 0", 'ALTER SEQUENCE Changes_seq_seq RESTART',
       'CREATE ROLE mine', 'SET ROLE orthanc']


def psql(cluster, database, script, *arguments):
    """As the administrator of the server; answers what it prints."""
    done = subprocess.run(['docker', 'exec', '--interactive', cluster.container('database'), 'psql', '--no-psqlrc',
                           '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', '--dbname=' + database,
                           *arguments], input=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Roles:
    def __init__(self, cluster):
        self.cluster = cluster
        self.owner = {**cluster.new_database(), 'Schema': SCHEMA, 'EnableStorage': True, 'Lock': False}
        self.database = self.owner['Database']
        self.name = 'runtime-' + self.database
        self.runtime = {**self.owner, 'Username': self.name, 'Password': secrets.token_hex(8)}
        psql(cluster, self.database, 'CREATE SCHEMA %s AUTHORIZATION orthanc' % SCHEMA)

    def grant(self, database=None, schema=SCHEMA):
        """The script of the project; answers its warnings."""
        return psql(self.cluster, database or self.database, SCRIPT.read_text(), '--set=owner=orthanc',
                    '--set=runtime=' + self.name, '--set=schema=' + schema)

    def set_password(self):
        psql(self.cluster, self.database, 'ALTER ROLE "%s" PASSWORD \'%s\'' % (self.name, self.runtime['Password']))

    def ask(self, sql):
        """As the runtime role: exit code and messages."""
        done = subprocess.run(['docker', 'exec', '--env', 'PGPASSWORD=' + self.runtime['Password'], '--env',
                               'PGOPTIONS=--search_path=' + SCHEMA, self.cluster.container('database'), 'psql',
                               '--quiet', '--no-align', '--tuples-only', '--host=127.0.0.1', '--username=' + self.name,
                               '--dbname=' + self.database, '--command', sql], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def drop(self):
        for database in [self.database, 'orthanc']:
            psql(self.cluster, database, 'DROP OWNED BY "%s" CASCADE' % self.name)
        psql(self.cluster, 'orthanc', 'DROP DATABASE "%s" WITH (FORCE)' % self.database)
        psql(self.cluster, 'orthanc', 'DROP ROLE "%s"' % self.name)


def options(section):
    return {'Plugins': PLUGINS, 'PostgreSQL': section, 'DicomModalitiesInDatabase': True,
            'OrthancPeersInDatabase': True, 'StableAge': 1, 'MediaArchiveSize': 10,
            'Registry': {'HistorySize': 2, 'OutputsCount': 1, 'LeaseSeconds': 3}}


def run_to_the_end(cluster, section, *arguments):
    """Exit code and log of an Orthanc that ends by itself."""
    name = '%s-once-%s' % (cluster.project, secrets.token_hex(4))
    whole = {'StorageDirectory': '/tmp/storage', **options(section)}
    docker('run', '--detach', '--name', name, '--network', cluster.network, '--env',
           'CONFIGURATION=' + json.dumps(whole), LONE_IMAGE, 'bash', '-c',
           'mkdir /tmp/storage && echo "$CONFIGURATION" > /tmp/orthanc.json && exec Orthanc "$@" /tmp/orthanc.json',
           'bash', *arguments)
    try:
        wait_until(lambda: docker('inspect', '--format', '{{.State.Status}}', name) == 'exited', 60, 'Orthanc ends')
        return int(docker('inspect', '--format', '{{.State.ExitCode}}', name)), docker_output('logs', name)
    finally:
        docker('rm', '--force', name)


def refusals_at_the_server(cluster):
    log = docker_output('logs', cluster.container('database'))
    return [line for line in log.splitlines() if 'permission denied' in line or 'must be owner' in line]


@pytest.fixture(scope='module')
def roles(cluster):
    made = Roles(cluster)
    yield made
    made.drop()


def test_an_empty_database_is_refused_until_the_owner_has_upgraded_it(cluster, roles):
    assert 'There are no tables yet' in roles.grant(schema='public')
    roles.set_password()
    code, log = run_to_the_end(cluster, roles.runtime)
    assert code != 0 and 'may not use the schema "clinic"' in log, log
    psql(cluster, roles.database, 'GRANT USAGE ON SCHEMA %s TO "%s"' % (SCHEMA, roles.name))
    code, log = run_to_the_end(cluster, roles.runtime)
    assert code != 0
    assert 'this server has no right to change its schema' in log and '--upgrade' in log, log
    code, log = run_to_the_end(cluster, roles.owner, '--upgrade')
    assert code == 0, log
    assert 'The schema of the database is up to date' in log
    assert roles.grant() == '' and roles.grant() == ''  # no warnings; twice is once


def exercise(cluster, server, host):
    """Whatever Orthanc and the plugins do with the database; answers the id of a patient."""
    name = 'Least privilege ' + secrets.token_hex(4)
    contents = make_study(3, name)
    uploaded = [server.upload(content) for content in contents]
    study = uploaded[0]['ParentStudy']
    assert server.request('GET', '/instances/%s/file' % uploaded[0]['ID']).content == contents[0]
    for path in ['/studies/%s/metadata/1025', '/studies/%s/labels/kept', '/studies/%s/attachments/1030']:
        assert server.status('PUT', path % study, data='x') == 200
    assert len(server.post('/tools/find', {'Level': 'Instance', 'Query': {'PatientID': name + '*'}})) == 3
    assert server.get('/changes')['Changes'] and server.get('/statistics')['CountInstances'] >= 3
    assert server.status('PUT', '/modalities/self', json={'AET': 'LONE', 'Host': host, 'Port': 4242}) == 200
    assert server.status('PUT', '/peers/self', json={'Url': 'http://%s:8042/' % host, 'Username': 'lone',
                                                     'Password': 'secret'}) == 200
    query = server.post('/modalities/self/query', {'Level': 'Study', 'Query': {'PatientID': name}})['ID']
    assert len(server.get('/queries/%s/answers' % query)) == 1
    assert server.status('DELETE', '/queries/' + query) == 200
    jobs = [server.submit('/modalities/self/store', {'Resources': [study]}),
            server.submit('/peers/self/store', {'Resources': [study]}),
            server.submit('/studies/%s/modify' % study, {'Replace': {'PatientID': 'Modified ' + name}, 'Force': True,
                                                         'KeepSource': True}),
            *[server.post('/cluster/submit/studies/%s/archive' % study, {})['ID'] for _ in range(3)]]
    for job in jobs:
        wait_until(lambda: server.status('GET', '/jobs/' + job) == 404
                   or server.get('/jobs/' + job)['State'] == 'Success', 30, 'job ' + job)
    archive = server.request('GET', '/jobs/%s/archive' % jobs[-1]).content
    assert len(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == 3
    put_off = server.submit('/studies/%s/modify' % study, {'Replace': {'StudyDescription': 'X'}, 'DelaySeconds': 3600})
    for action in ['pause', 'resume', 'cancel']:
        assert server.status('POST', '/jobs/%s/%s' % (put_off, action), json={}) == 200
    assert server.get('/cluster/tools/log-level')['Failed'] == 0
    wait_until(lambda: server.get('/studies/' + study)['IsStable'], 30, 'the study is stable')
    assert server.status('PUT', '/patients/%s/protected' % uploaded[0]['ParentPatient'], data='1') == 200
    assert server.status('DELETE', '/instances/' + uploaded[2]['ID']) == 200
    return uploaded[0]['ParentPatient'], uploaded[0]['ID'], contents[0]


def assert_quiet(log):
    """Nothing was refused to the plugins."""
    for line in log.splitlines():
        assert 'SQLSTATE' not in line and 'permission' not in line and 'must be owner' not in line, line
        assert not (line.startswith('E') and 'postgresql-' in line), line


@contextlib.contextmanager
def running(cluster, section):
    before = refusals_at_the_server(cluster)
    with cluster.lone_orthanc(options(section)) as (name, server):
        yield name, server
        assert_quiet(docker_output('logs', name))
    assert refusals_at_the_server(cluster) == before


def test_the_runtime_role_suffices(cluster, roles):
    with running(cluster, roles.runtime) as (name, server):
        patient, _, _ = exercise(cluster, server, name)
        assert server.status('DELETE', '/patients/' + patient) == 200
    assert roles.ask('SELECT COUNT(*) FROM Resources')[0] == 0


def test_the_runtime_role_cannot_change_the_schema(cluster, roles):
    for statement in DDL:
        code, message = roles.ask(statement)
        assert code != 0 and ('permission denied' in message or 'must be owner' in message), (statement, message)
    # What a later upgrade makes is covered
    cluster.run_sql(roles.database, 'CREATE TABLE %s.Later (id BIGSERIAL PRIMARY KEY)' % SCHEMA)
    assert roles.ask('INSERT INTO Later DEFAULT VALUES; DELETE FROM Later; DROP TABLE Later')[1].count('must be') == 1
    cluster.run_sql(roles.database, 'DROP TABLE %s.Later' % SCHEMA)


def test_files_of_the_owner_are_handed_over(cluster, roles):
    """Until today one role did everything; the script makes it the owner. And a plain dump keeps the rights."""
    content = make_instance('Stored by the owner')
    with cluster.lone_orthanc(options(roles.owner)) as (_, server):
        stored = server.upload(content)
    roles.grant()
    copy = roles.database + '-copy'
    psql(cluster, 'orthanc', 'CREATE DATABASE "%s" OWNER orthanc' % copy)
    docker('exec', cluster.container('database'), 'bash', '-c',
           'set -o pipefail; pg_dump "%s" | psql --quiet --set=ON_ERROR_STOP=1 --output=/dev/null "%s"' % (
               roles.database, copy))
    try:
        with running(cluster, {**roles.runtime, 'Database': copy}) as (name, server):
            wait_until(lambda: len(server.get('/jobs')) <= 3, 30, 'the history is pruned')
            assert server.request('GET', '/instances/%s/file' % stored['ID']).content == content
            assert server.status('DELETE', '/patients/' + stored['ParentPatient']) == 200
            exercise(cluster, server, name)
        assert roles.grant(copy) == ''
    finally:
        psql(cluster, copy, 'DROP OWNED BY "%s" CASCADE' % roles.name)
        psql(cluster, 'orthanc', 'DROP DATABASE "%s" WITH (FORCE)' % copy)
