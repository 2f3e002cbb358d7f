# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing of a secret appears in rows, answers or logs: canaries are planted, and everything is searched for them."""

import base64
import secrets
import urllib.parse

from deployment import docker, wait_until


def dump_of_database(cluster):
    """All rows of all tables as bytes."""
    if 'postgresql' in cluster.project:
        return docker('exec', cluster.container('database'), 'pg_dump', '--inserts', '--dbname=orthanc').encode()
    files = '/var/lib/orthanc/db/index.sqlite*'
    encoded = docker('exec', cluster.container('orthanc1'), 'sh', '-c', 'cat %s | base64 --wrap=0' % files)
    return base64.b64decode(encoded)


def forms_of(canary):
    """As it would be found in texts, in headers, in URLs and in escaped bytea columns."""
    raw = canary.encode()
    return {raw, base64.b64encode(raw), base64.b64encode(b'user:' + raw), raw.hex().encode(),
            urllib.parse.quote(canary).encode()}


def test_canaries_are_found_nowhere(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    password, header, in_url = ['canary-' + secrets.token_hex(8) for _ in range(3)]
    answers = []

    def ask(server, method, path, **arguments):
        answer = server.request(method, path, **arguments)
        answers.append(answer.content + repr(answer.headers).encode())
        return answer

    with cluster.lone_orthanc({'RegisteredUsers': {'user': password, 'lone': 'secret'}}) as (host, _):
        peers = {
            'canary-works': {'Url': 'http://%s:8042/' % host, 'Username': 'user', 'Password': password,
                             'HttpHeaders': {'X-Token': header}},
            'canary-fails': {'Url': 'http://user:%s@127.0.0.1:1/' % in_url, 'Username': 'user', 'Password': password,
                             'HttpHeaders': {'X-Token': header}},
        }
        for name, peer in peers.items():
            assert cluster.balancer.status('PUT', '/peers/' + name, json=peer) == 200
        submitted = {}
        for name in peers:
            submitted[name] = cluster.balancer.submit('/peers/%s/store' % name, {'Resources': [study]})
            ask(cluster.balancer, 'POST', '/peers/%s/store' % name, json={'Resources': [study], 'Synchronous': True})
        assert cluster.end_of(submitted['canary-works'])['State'] == 'Success'
        assert cluster.end_of(submitted['canary-fails'])['State'] == 'Failure'

    # A running job is what the core would save with the parameters of its peer
    with cluster.lone_orthanc({'RegisteredUsers': {'user': password, 'lone': 'secret'}}) as (host, _):
        docker('pause', host)
        try:
            hanging = {'Url': 'http://%s:8042/' % host, 'Username': 'user', 'Password': password,
                       'HttpHeaders': {'X-Token': header}}
            assert cluster.balancer.status('PUT', '/peers/canary-hangs', json=hanging) == 200
            job = cluster.balancer.submit('/peers/canary-hangs/store', {'Resources': [study]})
            wait_until(lambda: cluster.balancer.get('/jobs/' + job)['State'] == 'Running', 10, 'the job runs')
            for server in cluster.replicas.values():
                for path in ['/jobs?expand', '/jobs/' + job, '/jobs']:
                    ask(server, 'GET', path)
            dump = dump_of_database(cluster)
        finally:
            docker('unpause', host)
        cluster.end_of(job)

    for server in cluster.replicas.values():
        for id_ in [*submitted.values(), job]:
            ask(server, 'GET', '/jobs/' + id_)
            ask(server, 'POST', '/jobs/%s/resume' % id_)
        ask(server, 'GET', '/jobs?expand')
    # The core itself writes the URL of a peer into its log when it cannot be reached.
    lines = [line for line in cluster.compose('logs', '--no-color').splitlines()
             if in_url not in line or 'OrthancException.cpp' not in line]
    logs = '\n'.join(lines).encode()
    everything = {'the dump of the database while a job runs': dump, 'the dump of the database': dump_of_database(cluster),
                  'the logs': logs, 'the answers': b'\n'.join(answers)}
    assert all(job.encode() in text for name, text in everything.items() if name != 'the logs')  # the search works
    found = [(name, secret) for name, text in everything.items() for secret in [password, header, in_url]
             if any(form in text for form in forms_of(secret))]
    assert found == []
    assert cluster.environment['POSTGRES_PASSWORD'].encode() not in logs
