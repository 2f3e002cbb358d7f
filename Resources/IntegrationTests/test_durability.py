# SPDX-License-Identifier: GPL-3.0-or-later
"""What was acknowledged is there and is run, and what has ended is not run again."""

import time

import pytest
import requests

from deployment import LASTING_RECEIVER, docker, wait_until
from dicom_files import make_instance

JOBS_PER_ROUND = 5
ROUNDS = 4
LONG_ROUNDS = 20


def kill(container):
    docker('kill', '--signal', 'KILL', container)


def test_acknowledged_means_durable(short_lease_cluster, is_long):
    """Jobs that a replica has answered with 200 right before its kill -9"""
    cluster = short_lease_cluster
    study = cluster.balancer.upload(make_instance('Durable'))['ParentStudy']
    names = list(cluster.replicas)
    rounds = LONG_ROUNDS if is_long else ROUNDS
    worst = 0.0
    for number in range(rounds):
        name = names[number % len(names)]
        victim = cluster.replicas[name]
        others = [server for other, server in cluster.replicas.items() if other != name]
        for server in cluster.replicas.values():
            wait_until(server.answers, 60, 'all replicas answer')
        container = cluster.container(name)
        jobs = {victim.submit('/studies/%s/anonymize' % study) for _ in range(JOBS_PER_ROUND)}
        kill(container)
        start = time.monotonic()
        for server in others:
            assert jobs <= set(server.get('/jobs')), 'round %d' % number
        cluster.wait_success(jobs, 60, others)
        worst = max(worst, time.monotonic() - start)
        docker('start', container)
    cluster.wait_all_answer()
    print('\n%d rounds of %d jobs and kill -9: all %d in Success, at the latest %.1f s after the kill'
          % (rounds, JOBS_PER_ROUND, rounds * JOBS_PER_ROUND, worst))


def test_what_has_ended_is_not_run_again_after_a_restart(short_lease_cluster):
    cluster = short_lease_cluster
    instances = [cluster.balancer.upload(make_instance('Restart'))['ID'] for _ in range(8)]
    name, replica = next(iter(cluster.replicas.items()))
    with cluster.storescp(lasting=LASTING_RECEIVER) as receiver:
        path = '/modalities/%s/store' % receiver.modality
        queued = [replica.submit(path, {'Resources': [instance]}) for instance in instances[:4]]
        for instance in instances[4:7]:
            replica.post(path, {'Resources': [instance], 'Synchronous': True})
        cluster.wait_success(queued, 60)
        before = replica.jobs()
        assert len(receiver.received()) == 7
        with cluster.stopped(name):
            pass
        # Its engine runs again when it has done something new, and the old would have come first
        replica.post(path, {'Resources': [instances[7]], 'Synchronous': True})
        assert len(receiver.received()) == 8
        after = replica.jobs()
        assert {id_: job['State'] for id_, job in before.items()} == \
            {id_: after[id_]['State'] for id_ in before}


def test_local_job_is_resumed_by_a_restarted_replica(short_lease_cluster):
    """A synchronous C-STORE in the middle of which its replica is killed: the core goes on where it was."""
    cluster = short_lease_cluster
    instances = [cluster.balancer.upload(make_instance('Resumed'))['ID'] for _ in range(6)]
    (name, own), (_, other), *_ = cluster.replicas.items()
    with cluster.slow_receiver(lasting=LASTING_RECEIVER) as slow:
        before = set(other.get('/jobs'))
        with pytest.raises(requests.Timeout):  # the client does not wait for the end
            own.post('/modalities/%s/store' % slow.modality, {'Resources': instances, 'Synchronous': True}, timeout=2)
        [job] = set(other.get('/jobs')) - before
        with cluster.killed(name):
            pass
        ended = cluster.end_of(job, 60, other)
        assert ended['State'] == 'Success' and ended['Origin'] == 'Local' and ended['Replica'] == name
        assert len(set(line.split()[1] for line in slow.received())) == len(instances)
