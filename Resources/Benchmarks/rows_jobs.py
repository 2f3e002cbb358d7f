# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of jobs. Waiting jobs wait because all slots are taken by jobs that send to a peer that never answers."""

import re
import time

from client import Run, milliseconds, repeat
from containers import wait_until
from rows import Row, Unsupported
from rows_ingest import upload_study
from dicom_files import new_uid

OCCUPYING = 1000000  # priorities
STORE = '/modalities/hole/store'
TRIVIAL = {'Resources': [], 'Priority': -1000}  # ends at once, because it has nothing to send
SUBMISSIONS = 50
PAUSE = 0.02  # between them: the core without a registry saves its list beside, several times a second


def hold(cluster):
    """Occupies all slots of all replicas."""
    if cluster.state.get('held') == len(cluster.get_orthancs()):
        return
    release(cluster)
    cluster.open_hole()
    study = upload_study(cluster, 1, 'Occupying ' + new_uid())
    clients = [cluster.client(number) for number in range(len(cluster.get_orthancs()))]
    jobs = [(client, client.submit(STORE, {'Resources': [study], 'Priority': OCCUPYING}))
            for client in clients for _ in range(2)]
    wait_until(lambda: all(client.get('/jobs/' + job)['State'] == 'Running' for client, job in jobs), 60, 'all slots are taken')
    cluster.state['held'] = len(clients)


def release(cluster):
    """Lets go of the slots, and waits until nothing waits any more."""
    if cluster.state.pop('held', None) is None:
        return
    remove_from_database(cluster)
    cluster.close_hole()
    wait_until_idle(cluster)
    cluster.remove_hole()
    cluster.state['waiting'] = 0


def is_any_unfinished(cluster, clients):
    """Without a listing or a count, which would be work for the registry or its database."""
    if cluster.has_registry():
        return cluster.psql.query('SELECT 1 FROM SharedJobs WHERE state IN (0, 1, 4, 5) LIMIT 1') != []
    metrics = [client.request('GET', '/tools/metrics-prometheus').decode() for client in clients]
    return any(int(value) > 0 for text in metrics
               for value in re.findall(r'^orthanc_jobs_(?:pending|running) (\d+)', text, re.MULTILINE))


def wait_until_idle(cluster):
    clients = [cluster.client(number) for number in range(len(cluster.get_orthancs()))]
    wait_until(lambda: not is_any_unfinished(cluster, clients), 600, 'the end of all jobs', 0.02)


def remove_from_database(cluster):
    if cluster.state.pop('in-database', 0) > 0:
        cluster.psql.query("DELETE FROM SharedJobs WHERE id LIKE 'load-%'")


def fill(cluster, count, directly=False):
    """Brings the jobs that wait to "count". Very many are written into the database, which only a shared registry
    notices."""
    hold(cluster)
    missing = count - cluster.state.setdefault('waiting', 0)
    if directly:
        if not cluster.has_registry():
            raise Unsupported('no registry in the database')
        cluster.psql.query(
            "INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, createdAt, changedAt) SELECT"
            " 'load-' || n, 'ResourceModification', 0, 0, -2000, 2000, SharedNow(), SharedNow()"
            " FROM generate_series(1, {0}) AS n; INSERT INTO SharedJobDetails(id, uri, body)"
            " SELECT 'load-' || n, '/studies/none/anonymize', '{{}}' FROM generate_series(1, {0}) AS n;"
            " ANALYZE SharedJobs; ANALYZE SharedJobDetails".format(missing))
        cluster.state['in-database'] = missing
    else:
        client = cluster.client()
        for _ in range(missing):
            cluster.state['job'] = client.submit(STORE, TRIVIAL)
    cluster.state['waiting'] = max(cluster.state['waiting'], count)


class Waiting(Row):
    def __init__(self, name, description, waiting, directly=False):
        super().__init__('%s-%d' % (name, waiting), '%s, %d jobs waiting' % (description, waiting))
        self.waiting = waiting
        self.directly = directly

    def prepare(self, cluster):
        fill(cluster, self.waiting, self.directly)

    def finish(self, cluster):
        if self.directly:
            remove_from_database(cluster)


class Submit(Waiting):
    def __init__(self, waiting, directly=False):
        super().__init__('job-submit', 'POST of an asynchronous job, one every 20 ms', waiting, directly)

    def run(self, cluster, seconds):
        client = cluster.client()
        values = []
        start = time.perf_counter()
        for _ in range(SUBMISSIONS):
            time.sleep(PAUSE)
            values.append(milliseconds(lambda: client.submit(STORE, TRIVIAL)))
        cluster.state['waiting'] += SUBMISSIONS
        return Run(values, time.perf_counter() - start)


class SubmitLarge(Waiting):
    """Jobs of 100 instances, each of which is looked up"""

    def __init__(self, waiting):
        super().__init__('job-submit-100', 'POST of a job for 100 instances', waiting)

    def prepare(self, cluster):
        super().prepare(cluster)
        study = upload_study(cluster, 100, 'Hundred ' + new_uid())
        cluster.state['hundred'] = [item['ID'] for item in cluster.client().get('/studies/%s/instances' % study)]

    def run(self, cluster, seconds):
        client = cluster.client()
        body = {'Resources': cluster.state['hundred'], 'Priority': -2000}
        jobs = []
        run = repeat(lambda number: jobs.append(client.submit(STORE, body)), seconds, 5, SUBMISSIONS)
        for job in jobs:
            client.request('POST', '/jobs/%s/cancel' % job, '{}')
        return run


class Read(Waiting):
    def __init__(self, name, description, path, waiting):
        super().__init__('job-' + name, description, waiting)
        self.path = path

    def run(self, cluster, seconds):
        client = cluster.client()
        return repeat(lambda number: client.request('GET', self.path % cluster.state if '%' in self.path else self.path),
                      seconds)


class Drain(Row):
    """Each repetition frees the slots, and measures until all that have waited have ended."""

    by_rate = True
    each_replicas = True

    def __init__(self, count):
        super().__init__('job-drain', 'claim, run and end of %d trivial jobs' % count)
        self.count = count

    def before(self, cluster):
        hold(cluster)
        clients = [cluster.client(number) for number in range(len(cluster.get_orthancs()))]
        left = self.count - cluster.state.get('waiting', 0)
        for number in range(left):
            clients[number % len(clients)].submit(STORE, TRIVIAL)
        cluster.state['waiting'] = max(self.count, cluster.state.get('waiting', 0))

    def run(self, cluster, seconds):
        count = cluster.state['waiting']
        cluster.state.pop('held')
        start = time.perf_counter()
        cluster.close_hole()
        wait_until_idle(cluster)
        seconds = time.perf_counter() - start
        cluster.remove_hole()
        cluster.state['waiting'] = 0
        return Run([1000 * seconds / count], seconds, count)


class PostToRunning(Row):
    def __init__(self):
        super().__init__('job-post-to-running', 'from POST until the job runs, idle cluster')

    def prepare(self, cluster):
        release(cluster)
        cluster.state['running'] = upload_study(cluster, 1, 'Running ' + new_uid())

    def run(self, cluster, seconds):
        client = cluster.client()

        def start(number):
            job = client.submit('/studies/%s/anonymize' % cluster.state['running'], {})
            while client.get('/jobs/' + job)['State'] == 'Pending':
                pass
            ended.append(job)

        ended = []
        values = []
        begin = time.perf_counter()
        while len(values) < 3 or time.perf_counter() - begin < seconds:
            values.append(milliseconds(lambda: start(len(values))))
            wait_until(lambda: client.get('/jobs/' + ended[-1])['State'] in ('Success', 'Failure'), 60, 'its end', 0.01)
        return Run(values, time.perf_counter() - begin)


def get_rows(options):
    many = [] if options.quick else [Submit(5000)]
    return [
        PostToRunning(),
        Submit(10), Submit(1000),
        Read('get', 'GET /jobs/{id}', '/jobs/%(job)s', 1000),
        Read('expand', '/jobs?expand', '/jobs?expand', 1000),
        SubmitLarge(1000), *many,
        Submit(100000, directly=True),
        Drain(1000 if options.quick else 5000),
    ]
