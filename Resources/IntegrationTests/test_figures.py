# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that must stay flat: the cost of an idle cluster, and of a submission with many jobs waiting."""

import collections
import contextlib
import statistics
import time

import pytest

from deployment import docker, docker_output, wait_until

pytestmark = pytest.mark.alone

IDLE_SECONDS = 20
SUBMISSIONS = 60


@contextlib.contextmanager
def logged_statements(cluster):
    """PostgreSQL writes each statement into its log."""
    def configure(statement):
        cluster.query(statement)
        cluster.query('SELECT pg_reload_conf()')
    configure("ALTER SYSTEM SET log_statement = 'all'")
    try:
        yield
    finally:
        configure('ALTER SYSTEM RESET log_statement')


def count_statements(log):
    """How often each statement was executed, without those that only begin and end transactions"""
    executed = [line.split('execute ', 1)[1].split(': ', 1)[1] for line in log.splitlines() if 'execute registry_' in line]
    return collections.Counter(text for text in executed
                               if not text.startswith(('BEGIN', 'COMMIT', 'SELECT CAST(pg_current_xact_id')))


def count_transactions(cluster):
    return int(cluster.query('SELECT pg_stat_get_db_xact_commit(oid) + pg_stat_get_db_xact_rollback(oid)'
                             ' FROM pg_database WHERE datname = current_database()')[0][0])


def forget_unstable(cluster):
    """What earlier tests have stored becomes stable now, not within a minute."""
    cluster.query('DELETE FROM SharedUnstable')
    cluster.query('NOTIFY registry_public')  # an empty message: all look at everything


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_idle_cluster(cluster):
    """Heartbeats, and hardly anything else. Health checks of the balancer come on top: it is paused."""
    def idle():
        return all(job['State'] in ('Success', 'Failure', 'Paused') for job in cluster.balancer.jobs().values())
    wait_until(idle, 60, 'an idle cluster')
    balancer = cluster.container('balancer')
    docker('pause', balancer)
    try:
        forget_unstable(cluster)
        time.sleep(3)
        with logged_statements(cluster):
            transactions = count_transactions(cluster)
            time.sleep(IDLE_SECONDS)  # the thing measured
            log = docker_output('logs', '--since', '%ds' % IDLE_SECONDS, cluster.container('database'))
            transactions = count_transactions(cluster) - transactions
    finally:
        docker('unpause', balancer)
        cluster.wait_all_answer()
    counts = count_statements(log)
    per_second = counts.total() / IDLE_SECONDS / len(cluster.replicas)
    print('\nIdle cluster of %d replicas: %.2f statements per replica and second, %.1f transactions per second'
          % (len(cluster.replicas), per_second, transactions / IDLE_SECONDS))
    breakdown = '\n'.join('%4d %s' % (count, text[:160]) for text, count in counts.most_common(20))
    assert 0 < per_second <= 2, 'Statements within %d s:\n%s' % (IDLE_SECONDS, breakdown)


@contextlib.contextmanager
def occupied(cluster, make_patient):
    """All slots of all replicas taken by jobs that last."""
    study = make_patient(cluster.balancer, 100, 'Occupying')['study']
    with cluster.slow_receiver() as slow:
        path = '/modalities/%s/store' % slow.modality
        jobs = [cluster.balancer.submit(path, {'Resources': [study], 'Priority': 1000000})
                for _ in range(2 * len(cluster.replicas))]

        def all_run():
            seen = cluster.balancer.jobs()
            return all(seen[job]['State'] == 'Running' for job in jobs)
        try:
            wait_until(all_run, 30, 'all slots are taken')
            yield
        finally:
            for job in jobs:
                cluster.balancer.request('POST', '/jobs/%s/cancel' % job)


def add_waiting(cluster, first, last):
    """Waiting jobs as a submission writes them, made in the database to be quick."""
    rows = 'generate_series(%d, %d) AS n' % (first, last)
    cluster.query("INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, createdAt, changedAt) SELECT"
                  " 'load-' || n, 'ResourceModification', 0, 0, -1000, 1000, SharedNow(), SharedNow() FROM " + rows)
    cluster.query("INSERT INTO SharedJobDetails(id, uri, body) SELECT 'load-' || n, '/studies/none/anonymize', '{}'"
                  " FROM " + rows)


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_submission_with_many_waiting(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']
    medians = {}
    with occupied(cluster, make_patient):
        submitted = []
        try:
            present = 0
            for waiting in [10, 1000, 100000]:
                add_waiting(cluster, present + 1, waiting)
                present = waiting
                times = []
                for number in range(SUBMISSIONS + 10):
                    start = time.monotonic()
                    submitted.append(cluster.balancer.submit('/studies/%s/anonymize' % study, {'Priority': -2000}))
                    if number >= 10:  # the first ones warm up
                        times.append(1000 * (time.monotonic() - start))
                medians[waiting] = statistics.median(times)
                print('\nSubmission with %6d waiting jobs: median %.1f ms, p95 %.1f ms'
                      % (waiting, medians[waiting], sorted(times)[int(0.95 * len(times))]))
        finally:
            cluster.query("DELETE FROM SharedJobs WHERE id LIKE 'load-%'")
            for job in submitted:
                cluster.balancer.request('POST', '/jobs/%s/cancel' % job)
    assert medians[100000] < 2 * medians[10] + 5
