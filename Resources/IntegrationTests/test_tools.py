# SPDX-License-Identifier: GPL-3.0-or-later
"""What each core keeps in its memory, reached from every replica: settings of the process, storage commitment reports."""

import contextlib
import statistics
import time

import pytest

from deployment import wait_until
from dicom_files import make_instance

MEASUREMENTS = 100


def levels(cluster, setting='log-level'):
    return {name: server.request('GET', '/tools/' + setting).text for name, server in cluster.replicas.items()}


def everywhere(cluster, value):
    return {name: value for name in cluster.replicas}


@contextlib.contextmanager
def restored(cluster, setting):
    """The value of a setting is put back at the end."""
    before = cluster.balancer.request('GET', '/tools/' + setting).text
    try:
        yield
    finally:
        for server in cluster.replicas.values():
            assert server.status('PUT', '/tools/' + setting, data=before) == 200


@pytest.mark.parametrize('setting, value', [('log-level', 'verbose'), ('log-level-sqlite', 'trace'), ('metrics', '0'),
                                            ('unknown-sop-class-accepted', '1'), ('default-encoding', 'Utf8')])
def test_setting(cluster, setting, value):
    with restored(cluster, setting):
        report = cluster.balancer.json('PUT', '/cluster/tools/' + setting, data=value)
        assert levels(cluster, setting) == everywhere(cluster, value)
        assert report['Failed'] == 0
        assert [replica['Name'] for replica in report['Replicas']] == sorted(cluster.replicas)
        assert {replica['HttpStatus'] for replica in report['Replicas']} == {200}
        read = cluster.balancer.get('/cluster/tools/' + setting)
        assert {replica['Name']: replica['Answer'] for replica in read['Replicas']} == everywhere(cluster, value)


def test_accepted_transfer_syntaxes(cluster):
    setting = 'accepted-transfer-syntaxes'
    few = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']
    with restored(cluster, setting):
        report = cluster.balancer.json('PUT', '/cluster/tools/' + setting, json=few)
        assert [sorted(replica['Answer']) for replica in report['Replicas']] == [few for _ in cluster.replicas]
        for server in cluster.replicas.values():
            assert sorted(server.get('/tools/' + setting)) == few
    classes = cluster.balancer.get('/cluster/tools/accepted-sop-classes')['Replicas']
    assert len(classes) == len(cluster.replicas) and len(classes[0]['Answer']) > 10


def test_refusals(cluster):
    before = levels(cluster)
    answer = cluster.balancer.request('PUT', '/cluster/tools/log-level', data='nonsense')
    assert answer.status_code == 400 and answer.json()['OrthancStatus'] == 3
    assert levels(cluster) == before
    assert cluster.balancer.status('PUT', '/cluster/tools/log-level-nonsense', data='verbose') == 404
    for name in ['reset', 'shutdown', 'execute-script', 'now', 'nonsense']:
        for method in ['GET', 'PUT', 'POST']:
            assert cluster.balancer.status(method, '/cluster/tools/' + name) == 404
    answer = cluster.balancer.request('POST', '/cluster/tools/log-level', data='verbose')
    assert answer.status_code == 405 and answer.headers['Allow'] == 'GET,PUT'
    assert cluster.balancer.status('PUT', '/cluster/tools/accepted-sop-classes', data='*') == 405
    answer = cluster.balancer.request('PUT', '/cluster/tools/default-encoding', data='x' * 65537)
    assert answer.status_code == 413 and answer.json()['HttpStatus'] == 413


def test_suspended_replica_is_reported(cluster):
    names = sorted(cluster.replicas)
    with restored(cluster, 'log-level'):
        with cluster.suspended(names[-1]):
            start = time.monotonic()
            answer = cluster.replicas[names[0]].request('PUT', '/cluster/tools/log-level', data='verbose')
            seconds = time.monotonic() - start
        assert answer.status_code == 503
        report = answer.json()
        assert report['Failed'] == 1
        assert [replica['Name'] for replica in report['Replicas'] if 'Error' in replica] == names[-1:]
        print('\nPUT while a replica is suspended: answered after %.1f s' % seconds)
        cluster.wait_all_answer()
        assert levels(cluster) == {**everywhere(cluster, 'verbose'), names[-1]: 'default'}  # not done later either


def test_time_of_a_setting(cluster):
    times = []
    with restored(cluster, 'log-level-lua'):
        for number in range(MEASUREMENTS + 10):
            start = time.monotonic()
            report = cluster.balancer.json('PUT', '/cluster/tools/log-level-lua', data='default')
            if number >= 10:  # the first ones warm up
                times.append(1000 * (time.monotonic() - start))
            assert report['Failed'] == 0
    print('\nPUT /cluster/tools/log-level-lua over %d replicas: median %.1f ms, p95 %.1f ms, max %.1f ms'
          % (len(cluster.replicas), statistics.median(times), sorted(times)[int(0.95 * len(times))], max(times)))
    assert statistics.median(times) < 500


@contextlib.contextmanager
def commitment_scp(cluster, report_to):
    """A modality "lone" that sends its reports to one of the replicas."""
    with cluster.lone_orthanc({'DicomModalities': {'cluster': ['ORTHANC', report_to, 4242]}}) as (host, server):
        cluster.add_modality('lone', 'LONE', host, 4242)
        try:
            yield server
        finally:
            for replica in cluster.replicas.values():
                replica.request('DELETE', '/modalities/lone')


def ask(server, instance):
    return server.post('/modalities/lone/storage-commitment', {'Resources': [instance]})['Path']


def statuses(cluster, path):
    return [server.get(path)['Status'] for server in cluster.replicas.values()]


def wait_status(cluster, path, status):
    wait_until(lambda: set(statuses(cluster, path)) == {status}, 20, 'a report of ' + status)


def test_storage_commitment(cluster):
    first, second = sorted(cluster.replicas)[:2]
    asked, other = cluster.replicas[first], cluster.replicas[second]
    kept, missing = make_instance('CommitmentKept'), make_instance('CommitmentMissing')
    for report_to in [first, second]:
        with commitment_scp(cluster, report_to) as scp:
            instance, absent = [cluster.balancer.upload(content)['ID'] for content in [kept, missing]]
            scp.upload(kept)
            path = ask(asked, absent)
            wait_status(cluster, path, 'Failure')
            assert [len(server.get(path)['Failures']) for server in cluster.replicas.values()] == [1 for _ in cluster.replicas]
            assert {server.status('POST', path + '/remove') for server in cluster.replicas.values()} == {500}
            path = ask(asked, instance)
            wait_status(cluster, path, 'Success')
            assert other.get(path) == asked.get(path) and asked.get(path)['RemoteAET'] == 'LONE'
            # From the one that has only heard of it, or has only asked
            remover = other if report_to == first else asked
            assert remover.status('GET', path + '/remove') == 405
            assert remover.post(path + '/remove') == {}
            assert asked.status('GET', '/instances/' + instance) == 404
            assert asked.status('GET', '/instances/' + absent) == 200
            assert asked.status('DELETE', '/instances/' + absent) == 200
            assert remover.post(path + '/remove') == {}  # nothing is left to be removed
    for unknown in ['2.25.1', 'nonsense']:
        for server in cluster.replicas.values():
            answer = server.request('GET', '/storage-commitment/' + unknown)
            assert answer.status_code == 404 and answer.json()['OrthancStatus'] == 7


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_commitment_when_a_replica_is_lost(cluster):
    """A limit: what only the lost one has received is gone."""
    asked = cluster.replicas['orthanc1']
    content = make_instance('CommitmentLost')
    with commitment_scp(cluster, 'orthanc2') as scp:
        instance = cluster.balancer.upload(content)['ID']
        scp.upload(content)
        path = ask(asked, instance)
        wait_status(cluster, path, 'Success')
        with cluster.killed('orthanc2'):
            pass
        assert set(statuses(cluster, path)) == {'Pending'}
        with cluster.killed('orthanc1'):
            pass
        wait_until(lambda: {server.status('GET', path) for server in cluster.replicas.values()} == {404}, 60,
                   'no replica knows it')
        assert asked.status('DELETE', '/instances/' + instance) == 200
