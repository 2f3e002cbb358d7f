# SPDX-License-Identifier: GPL-3.0-or-later
"""A replica or the database dies."""

import time

import pytest
import requests

from deployment import START_SECONDS, docker, wait_until

LEASE_SECONDS = 15
GRACE_SECONDS = 60  # of local jobs, until their replica counts as lost
MARGIN_SECONDS = 10


def is_running_on(job, replica):
    return job['State'] == 'Running' and job['Replica'] == replica


def test_killed_replica_loses_no_job(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    others = [server for name, server in cluster.replicas.items() if name != 'orthanc2']
    with cluster.slow_receiver() as slow:
        jobs = {cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
                for _ in range(5 * len(cluster.replicas))}

        def running_and_waiting():
            view = [job for id_, job in others[0].jobs().items() if id_ in jobs]
            running = [job['ID'] for job in view if is_running_on(job, 'orthanc2')]
            return running if running and any(job['State'] == 'Pending' for job in view) else None
        wait_until(running_and_waiting, 20, 'a running job on orthanc2, and waiting ones')
        with cluster.killed('orthanc2'):
            start = time.monotonic()
            lost = running_and_waiting()
            assert lost
            cluster.wait_success(jobs, LEASE_SECONDS + MARGIN_SECONDS, others)
            print('\nAll %d jobs in Success %.1f s after kill -9 of a replica that ran %d of them (lease %d s)'
                  % (len(jobs), time.monotonic() - start, len(lost), LEASE_SECONDS))
            for job in lost:
                rescued = others[0].get('/jobs/' + job)
                assert rescued['Replica'] != 'orthanc2' and rescued['Attempt'] == 2

    def runs_jobs_again():
        job = cluster.balancer.submit('/studies/%s/anonymize' % study)
        return cluster.end_of(job)['Replica'] == 'orthanc2'
    wait_until(runs_jobs_again, 30, 'a job that the restarted replica runs')
    views = [set(server.get('/jobs')) for server in cluster.replicas.values()]
    assert all(view == views[0] for view in views) and views[0] >= jobs


def test_local_job_of_a_killed_replica_ends_in_failure(cluster, make_patient):
    """What a core had started by itself dies with it, and says so."""
    study = make_patient(cluster.balancer, 5)['study']
    own, other, *_ = cluster.replicas.values()
    with cluster.slow_receiver() as slow:
        before = set(other.get('/jobs'))
        with pytest.raises(requests.Timeout):  # the client does not wait for the end of its synchronous call
            own.post('/modalities/%s/store' % slow.modality, {'Resources': [study], 'Synchronous': True}, timeout=1)
        [job] = wait_until(lambda: set(other.get('/jobs')) - before, 5, 'the local job on another replica')
        with cluster.killed('orthanc1'):
            ended = cluster.end_of(job, LEASE_SECONDS + GRACE_SECONDS + MARGIN_SECONDS, other)
            assert ended['State'] == 'Failure' and ended['Origin'] == 'Local' and ended['ErrorDetails']


def test_stopped_replica_hands_its_jobs_back_at_once(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    first = cluster.replicas['orthanc1']
    with cluster.slow_receiver() as slow:
        jobs = {cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
                for _ in range(2 * len(cluster.replicas))}

        def owned():
            return {job['ID'] for job in first.jobs().values() if is_running_on(job, 'orthanc2')}
        wait_until(owned, 20, 'a running job on orthanc2')
        with cluster.stopped('orthanc2'):
            assert not owned()
            others = [server for name, server in cluster.replicas.items() if name != 'orthanc2']
            cluster.wait_success(jobs, LEASE_SECONDS, others)


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_restart_of_the_database(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    with cluster.slow_receiver() as slow:
        jobs = {cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
                for _ in range(12)}
        docker('restart', '--time', '10', cluster.container('database'))

        def recovered():
            return all(server.answers() and server.status('GET', '/jobs') == 200
                       for server in cluster.replicas.values())
        wait_until(recovered, START_SECONDS, 'all replicas answer after the restart of the database')
        cluster.wait_all_answer()
        cluster.wait_success(jobs, START_SECONDS)
    after = make_patient(cluster.balancer)['study']
    assert cluster.end_of(cluster.balancer.submit('/studies/%s/anonymize' % after))['State'] == 'Success'
