# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface of the stock PostgreSQL plugin, and what Orthanc says to a wrong configuration."""

import contextlib
import json
import secrets

import pytest

from deployment import LONE_IMAGE, docker, docker_output, wait_until
from dicom_files import make_study

INDEX = '/usr/share/orthanc/plugins-registry/libOrthancPostgreSQLIndex.so'
STORAGE = '/usr/share/orthanc/plugins-registry/libOrthancPostgreSQLStorage.so'


ON_POSTGRESQL = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)


def refusal(cluster, configuration):
    """The log of an Orthanc that does not start with that configuration."""
    whole = {'StorageDirectory': '/tmp/storage', 'Plugins': [INDEX], **configuration}
    name = '%s-refused-%s' % (cluster.project, secrets.token_hex(4))
    docker('run', '--detach', '--name', name, '--network', cluster.network, '--env',
           'CONFIGURATION=' + json.dumps(whole), LONE_IMAGE, 'bash', '-c',
           'mkdir /tmp/storage && echo "$CONFIGURATION" > /tmp/orthanc.json && exec Orthanc /tmp/orthanc.json')
    try:
        wait_until(lambda: docker('inspect', '--format', '{{.State.Status}}', name) == 'exited', 60, 'Orthanc gives up')
        assert docker('inspect', '--format', '{{.State.ExitCode}}', name) != '0'
        return docker_output('logs', name)
    finally:
        docker('rm', '--force', name)


def test_surface(cluster):
    engine = 'postgresql' if 'postgresql' in cluster.project else 'sqlite'
    for server in cluster.replicas.values():
        system = server.get('/system')
        assert system['HasLabels'] is True
        assert set(system['Capabilities'].values()) == {True}, system['Capabilities']
        route = '/plugins/%s/audit-logs' % engine
        assert server.get(route) is None
        assert server.status('POST', route, json={}) == 405
        assert server.status('GET', route + '?limit=x') == 400
        assert engine + '-index' in server.get('/plugins')
        if engine == 'postgresql':
            assert server.get('/plugins/postgresql-index')['Version'] == '10.3'
            metrics = server.request('GET', '/tools/metrics-prometheus').text
            values = [float(line.split()[1]) for line in metrics.splitlines()
                      if line.startswith('orthanc_index_active_connections ')]
            assert len(values) == 1 and 1 <= values[0] <= 50


@ON_POSTGRESQL
def test_wrong_options(cluster):
    section = cluster.new_database()
    log = refusal(cluster, {'PostgreSQL': {**section, 'TransactionMode': 'Dirty'}})
    assert '"PostgreSQL.TransactionMode" is "Dirty": it must be ReadCommitted or Serializable' in log
    log = refusal(cluster, {'PostgreSQL': section, 'Registry': {'LeaseSeconds': 'abc'}})
    assert '"Registry.LeaseSeconds" is "abc": it must be an integer from 3 to 3600' in log
    log = refusal(cluster, {'PostgreSQL': {**section, 'SslMode': 'verify-full'}})
    assert '"PostgreSQL.SslRootCertificate" must name the file' in log
    log = refusal(cluster, {'PostgreSQL': {**section, 'Schema': 'absent'}})
    assert 'The schema "absent" does not exist' in log
    log = refusal(cluster, {'PostgreSQL': {**section, 'Password': 'no-secret', 'MaximumConnectionRetries': 0}})
    assert 'Check "PostgreSQL.Username" and the password' in log and 'no-secret' not in log


@ON_POSTGRESQL
def test_unknown_options_and_other_sources(cluster):
    section = cluster.new_database()
    password = section.pop('Password')
    configuration = {'Plugins': [INDEX], 'Registry': {'LeaseSecond': 15}, 'PostgreSQL':
                     {**section, 'Shema': 'x', 'PasswordFile': '/tmp/password', 'ApplicationName': 'mine',
                      'EnableVerboseLogs': True, 'UseDynamicConnectionPool': True, 'HousekeepingInterval': 2}}
    with cluster.lone_orthanc(configuration, before='echo "%s" > /tmp/password' % password) as (name, server):
        ids = server.upload(make_study(1)[0])
        assert server.get('/patients') == [ids['ParentPatient']]
        log = docker_output('logs', name)
        assert '"PostgreSQL.Shema" is ignored: did you mean "Schema"?' in log
        assert '"Registry.LeaseSecond" is ignored: did you mean "LeaseSeconds"?' in log
        assert 'THE CONNECTION TO POSTGRESQL ON database IS NOT' in log
        names = cluster.query("SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = '%s'"
                                 % section['Database'])
        assert names == [['mine']]


@contextlib.contextmanager
def waiting_for_lock(cluster, database):
    """Another process that waits in line for the lock of the index."""
    docker('exec', '--detach', cluster.container('database'), 'psql', '--dbname=' + database, '--command',
           'SELECT pg_advisory_lock(42), pg_sleep(600)')
    sql = "SELECT pid FROM pg_stat_activity WHERE datname = '%s' AND query LIKE 'SELECT pg_advisory_lock%%'" % database
    [[process]] = wait_until(lambda: cluster.query(sql), 10, 'another process waits')
    try:
        yield
    finally:
        cluster.query('SELECT pg_terminate_backend(%s)' % process)


@ON_POSTGRESQL
def test_lock(cluster):
    section = cluster.new_database()
    database = section['Database']
    with cluster.lone_orthanc({'Plugins': [INDEX], 'PostgreSQL': section}) as (name, server):
        assert server.status('POST', '/instances', data=make_study(1)[0]) == 200
        log = refusal(cluster, {'PostgreSQL': section})
        assert 'Another Orthanc uses this PostgreSQL database' in log

        cut = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orthanc' AND datname = '%s'"
               % database)
        cluster.query(cut)
        assert server.status('POST', '/instances', data=make_study(1, 'After')[0]) == 200
        with waiting_for_lock(cluster, database):
            cluster.query(cut)
            assert server.status('POST', '/instances', data=make_study(1, 'Refused')[0]) == 503
            assert len(server.get('/patients')) == 2
        wait_until(lambda: server.status('POST', '/instances', data=make_study(1, 'Again')[0]) == 200, 20,
                   'the lock is taken again')
        log = docker_output('logs', name)
        assert 'another Orthanc has taken it' in log and 'the lock has been taken again' in log


@ON_POSTGRESQL
def test_both_plugins(cluster):
    section = {**cluster.new_database(), 'EnableStorage': True}
    with cluster.lone_orthanc({'Plugins': [INDEX, STORAGE], 'PostgreSQL': section}) as (_, server):
        content = make_study(1)[0]
        assert server.request('GET', '/instances/%s/file' % server.upload(content)['ID']).content == content
        assert server.get('/plugins/postgresql-storage')['Version'] == '10.3'
