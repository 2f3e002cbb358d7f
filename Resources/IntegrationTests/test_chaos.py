# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can die does, at random, while clients go on submitting: nothing is lost, nothing is done twice."""

import contextlib
import random
import subprocess
import time

import pytest

from chaos import Takeovers, Workload, keep_book
from deployment import LASTING_RECEIVER, docker, wait_until
from test_durability import kill

pytestmark = pytest.mark.parametrize('short_lease_cluster', ['postgresql'], indirect=True)

SUSPENDED_SECONDS = 8  # longer than the lease


class Monkey:
    def __init__(self, cluster, takeovers, seed):
        self.cluster = cluster
        self.takeovers = takeovers
        self.random = random.Random(seed)
        self.names = list(cluster.replicas)
        self.counts = {}

    def kill_replica(self):
        name = self.random.choice(self.names)
        container = self.cluster.container(name)
        with contextlib.ExitStack() as stack:
            stack.callback(docker, 'start', container)
            kill(container)
            self.takeovers.note(name)
            time.sleep(self.random.uniform(0, 10))
        wait_until(self.cluster.replicas[name].answers, 90, name + ' answers after kill -9')

    def suspend_replica(self):
        with self.cluster.suspended(self.random.choice(self.names)):
            time.sleep(SUSPENDED_SECONDS)

    def restart_database(self):
        docker('restart', '--time', '10', self.cluster.container('database'))

    def terminate_backends(self):
        for _ in range(3):
            self.cluster.terminate_backends(0.5)
            time.sleep(self.random.uniform(0, 1))

    def run(self, seconds):
        """All kinds in each round, in another order each time"""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            actions = [self.kill_replica, self.suspend_replica, self.restart_database, self.terminate_backends]
            self.random.shuffle(actions)
            for action in actions:
                action()
                self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1
                wait_until(self.database_answers, 60, 'the database answers')
                time.sleep(self.random.uniform(0, 3))

    def database_answers(self):
        try:
            return self.cluster.query('SELECT 1') == [['1']]
        except AssertionError:
            return False


def test_chaos(short_lease_cluster, is_long):
    cluster = short_lease_cluster
    count, seconds = (2000, 600) if is_long else (150, 60)
    keep_book(cluster)
    seed = random.randrange(10**6)
    print('\nSeed of the chaos: %d' % seed)
    takeovers = Takeovers(cluster)
    monkey = Monkey(cluster, takeovers, seed)
    with cluster.slow_receiver(lasting=LASTING_RECEIVER) as receiver:  # so that most deaths meet a running job
        with Workload(cluster, receiver, count, seconds) as workload:
            monkey.run(seconds)
            cluster.wait_all_answer()
            wait_until(workload.is_complete, 60 + seconds, '%d acknowledged submissions' % count, 0.5)
        workload.wait_until_ended(120)
        print('Chaos for %d s: %s' % (seconds, monkey.counts))
        workload.check(allow_failures=True)
        takeovers.report()


def test_rolling_restart_under_load(short_lease_cluster, is_long):
    cluster = short_lease_cluster
    keep_book(cluster)
    rounds = 5 if is_long else 1
    with cluster.storescp(lasting=LASTING_RECEIVER) as receiver:
        with Workload(cluster, receiver, 60 * rounds, 30 * rounds) as workload:
            for _ in range(rounds):
                for name in cluster.replicas:
                    with cluster.stopped(name):
                        pass
            wait_until(workload.is_complete, 120, 'all submissions', 0.5)
        workload.wait_until_ended(60)
        workload.check(allow_failures=False)
        assert workload.check_receiver(cluster.balancer.jobs()) == 0, 'received twice'
        [[crashes]] = cluster.query('SELECT COALESCE(SUM(crashes), 0) FROM SharedJobs WHERE completedAt >'
                                    ' (SELECT MIN(extract(epoch FROM at)) * 1000000 FROM ChaosBook)')
        assert crashes == '0'


def test_idle_transaction_and_cut_connections(short_lease_cluster, is_long):
    """A session that holds a snapshot, and all connections of all replicas cut several times"""
    cluster = short_lease_cluster
    keep_book(cluster)
    seconds = 60 if is_long else 5
    script = ('(echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM SharedJobs;"; sleep %d;'
              ' echo "COMMIT;") | psql --dbname=orthanc --quiet' % seconds)
    with cluster.storescp(lasting=LASTING_RECEIVER) as receiver:
        with Workload(cluster, receiver, 30 if not is_long else 200, seconds) as workload:
            idle = subprocess.Popen(['docker', 'exec', cluster.container('database'), 'sh', '-c', script],
                                    stdout=subprocess.DEVNULL)
            while idle.poll() is None:
                time.sleep(1)
                cluster.terminate_backends()
            assert idle.returncode == 0
            wait_until(workload.is_complete, 60, 'all submissions', 0.5)
        workload.wait_until_ended(60)
        workload.check(allow_failures=True)
