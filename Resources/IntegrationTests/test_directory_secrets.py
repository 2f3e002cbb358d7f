# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of shared peers: encrypted in the database, in no log, and of use on every replica."""

import json
import pathlib
import secrets

import pytest

from deployment import Deployment, docker

REPLICAS = ['orthanc1', 'orthanc2', 'orthanc3']
CANARY = 'canary-' + secrets.token_hex(16)
TOKEN = 'token-' + secrets.token_hex(16)


class SealedDeployment(Deployment):
    """A deployment with files of keys, which are replaced where they are."""

    def __init__(self, project):
        super().__init__(project, 'docker-compose.yml', REPLICAS, options={'Registry': {}})
        self.directory_path = pathlib.Path(self.directory.name)
        for name in ['key', 'old-key']:
            self.write(name, secrets.token_hex(32))
        self.configure([])
        volumes = ['%s:/etc/registry-%s:ro' % (self.directory_path / name, name) for name in ['key', 'old-key']]
        path = self.directory_path / 'docker-compose.keys.yml'
        path.write_text(json.dumps({'services': {name: {'volumes': volumes} for name in REPLICAS}}))
        self.compose_files.append(path)

    def write(self, name, text):
        path = self.directory_path / name
        path.write_text(text + '\n')
        path.chmod(0o644)

    def read(self, name):
        return (self.directory_path / name).read_text().strip()

    def configure(self, old_keys):
        registry = {'SecretsKeyFile': '/etc/registry-key', 'SecretsOldKeyFiles': old_keys}
        self.write('options.json', json.dumps({'Registry': registry}))

    def restart_all(self):
        docker('restart', '--time', '20', *[self.container(name) for name in REPLICAS])
        self.wait_all_answer()

    def everything_kept(self):
        """All that is in the database and in the logs, as one text."""
        return (docker('exec', self.container('database'), 'pg_dump', '--dbname=orthanc') +
                self.compose('logs', '--no-color'))


@pytest.fixture(scope='module')
def sealed(request):
    failures = request.session.testsfailed
    deployment = SealedDeployment('sealed')
    with deployment.running(show_logs=lambda: request.session.testsfailed > failures):
        yield deployment


@pytest.fixture(scope='module')
def lone(sealed):
    """An Orthanc that only takes what comes with the canary, a peer of all replicas."""
    users = {'lone': 'secret', 'sender': CANARY}
    with sealed.lone_orthanc({'RegisteredUsers': users}) as (host, server):
        body = {'Url': 'http://%s:8042/' % host, 'Username': 'sender', 'Password': CANARY,
                'HttpHeaders': {'X-Token': TOKEN}}
        assert sealed.replicas['orthanc1'].status('PUT', '/peers/lone', json=body) == 200
        yield server


def assert_all_can_store(sealed, lone, make_patient):
    for name, server in sealed.replicas.items():
        instance = make_patient(server, patient='Sealed')['instances'][0]
        lone.request('DELETE', '/instances/' + instance)
        answer = server.request('POST', '/peers/lone/store', data=instance)
        assert answer.status_code == 200, '%s: %s' % (name, answer.text)
        assert lone.status('GET', '/instances/' + instance) == 200, name


def assert_nowhere(text):
    for canary in [CANARY, TOKEN]:
        assert canary not in text
        assert canary.encode().hex() not in text


def test_secrets_are_of_use_everywhere_and_seen_nowhere(sealed, lone, make_patient):
    assert_all_can_store(sealed, lone, make_patient)
    kept = sealed.everything_kept()
    assert 'X-Token' in kept and 'SharedPeers'.lower() in kept.lower()  # it is the right text
    assert_nowhere(kept)


def test_status_and_history_show_no_secrets(sealed, lone):
    for server in sealed.replicas.values():
        status = server.get('/cluster/directory')
        entry = status['Peers']['Entries']['lone']
        assert entry['Encrypted'] and len(entry['KeyId']) == 16
        assert status['Peers']['Problems'] == [] and status['Modalities']['Shared']
        change = server.get('/cluster/directory/history?kind=peers&name=lone')[-1]
        assert change['Before'] is None and change['Replica'] == 'orthanc1'
        assert change['After']['Password'] == '***' and change['After']['HttpHeaders'] == {'X-Token': '***'}
        assert change['User'] == sealed.credentials[0]
        assert_nowhere(json.dumps([status, change]))
    assert sealed.balancer.status('GET', '/cluster/directory/history?limit=0') == 400


def test_the_key_is_changed_step_by_step(sealed, lone, make_patient):
    before = sealed.balancer.get('/cluster/directory')['Peers']['Entries']['lone']
    sealed.write('old-key', sealed.read('key'))
    sealed.write('key', secrets.token_hex(32))
    sealed.configure(['/etc/registry-old-key'])
    sealed.restart_all()
    assert_all_can_store(sealed, lone, make_patient)  # with the old one
    assert sealed.balancer.post('/cluster/directory/rotate-key') == {'Rotated': 1, 'Unchanged': 0, 'Unreadable': []}
    after = sealed.balancer.get('/cluster/directory')['Peers']['Entries']['lone']
    assert after['KeyId'] != before['KeyId']
    assert after['Revision'] == before['Revision'] and after['Version'] == before['Version'] + 1
    sealed.configure([])
    sealed.restart_all()
    assert_all_can_store(sealed, lone, make_patient)
    assert_nowhere(sealed.everything_kept())


def test_without_the_key_a_peer_is_left_out_and_reported(sealed, lone, make_patient):
    right = sealed.read('key')
    sealed.write('key', secrets.token_hex(32))
    sealed.restart_all()
    problems = sealed.balancer.get('/cluster/directory')['Peers']['Problems']
    assert sorted(problem['Replica'] for problem in problems) == REPLICAS
    assert {problem['Name'] for problem in problems} == {'lone'}
    assert all('lone' not in server.get('/peers') for server in sealed.replicas.values())
    assert sealed.balancer.post('/cluster/directory/rotate-key')['Unreadable'] == ['lone']
    sealed.write('key', right)
    sealed.restart_all()
    assert sealed.balancer.get('/cluster/directory')['Peers']['Problems'] == []
    assert_all_can_store(sealed, lone, make_patient)
