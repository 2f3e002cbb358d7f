# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that go on submitting whatever happens, and the book that the database keeps of the runs meanwhile."""

import collections
import concurrent.futures
import itertools
import threading

import requests

from deployment import wait_until
from dicom_files import make_instance

# One line for each claim and each end of a job
BOOK = '''
CREATE TABLE IF NOT EXISTS ChaosBook(id TEXT, fence BIGINT, state INTEGER, isEnd BOOLEAN,
  at TIMESTAMPTZ DEFAULT clock_timestamp());
TRUNCATE ChaosBook;
GRANT ALL ON ChaosBook TO PUBLIC;
CREATE OR REPLACE FUNCTION KeepChaosBook() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.completedAt IS NOT NULL AND OLD.completedAt IS NULL THEN
    INSERT INTO ChaosBook(id, fence, state, isEnd) VALUES (NEW.id, NEW.fence, NEW.state, TRUE);
  ELSIF NEW.state = 1 AND NEW.fence > OLD.fence THEN
    INSERT INTO ChaosBook(id, fence, state, isEnd) VALUES (NEW.id, NEW.fence, NEW.state, FALSE);
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS ChaosBook ON SharedJobs;
CREATE TRIGGER ChaosBook AFTER UPDATE ON SharedJobs FOR EACH ROW EXECUTE FUNCTION KeepChaosBook();
'''


def keep_book(cluster):
    cluster.query(BOOK)


class Workload:
    """Jobs of several types, submitted through the balancer. A submission that is not answered with 200 does not
    count, and is followed by one of another instance."""

    def __init__(self, cluster, receiver, count, seconds, clients=6):
        self.cluster = cluster
        self.receiver = receiver
        self.study = cluster.balancer.upload(make_instance('Chaos'))['ParentStudy']
        self.clients = clients
        self.pause = seconds * clients / count
        self.count = count
        self.acknowledged = {}  # id of the job: the instance that the receiver is to get, or none
        self.unanswered = 0
        self.lock = threading.Lock()
        self.next = itertools.count()
        self.stop = threading.Event()
        contents = [make_instance('Chaos') for _ in range(2 * count // 3 + 50)]
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            self.instances = [answer['ID'] for answer in pool.map(cluster.balancer.upload, contents)]

    def sop_instance_uid(self, instance):
        return self.cluster.balancer.get('/instances/%s/simplified-tags' % instance)['SOPInstanceUID']

    def request(self, number):
        """Path, body, and the instance that the receiver is to get."""
        if number % 2 == 0 and self.instances:
            instance = self.instances.pop()
            return '/modalities/%s/store' % self.receiver.modality, {'Resources': [instance]}, instance
        if number % 4 == 1:
            return '/studies/%s/anonymize' % self.study, {'KeepSource': True}, None
        if number % 8 == 3:
            return '/cluster/submit/studies/%s/archive' % self.study, {}, None
        return ('/studies/%s/modify' % self.study,
                {'Replace': {'StudyDescription': 'Chaos %d' % number}, 'KeepSource': True}, None)

    def submit_one(self, session):
        while not self.stop.is_set():
            with self.lock:
                path, body, instance = self.request(next(self.next))
            try:
                answer = session.post(self.cluster.balancer.url + path, json={'Asynchronous': True, **body},
                                      auth=self.cluster.credentials, timeout=30)
                if answer.status_code == 200:
                    with self.lock:
                        self.acknowledged[answer.json()['ID']] = instance
                    return
            except requests.RequestException:
                pass
            with self.lock:
                self.unanswered += 1
            self.stop.wait(0.2)

    def client(self):
        with requests.Session() as session:
            while not self.stop.is_set():
                with self.lock:
                    if len(self.acknowledged) >= self.count:
                        return
                self.submit_one(session)
                self.stop.wait(self.pause)

    def __enter__(self):
        self.threads = [threading.Thread(target=self.client) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def is_complete(self):
        with self.lock:
            return len(self.acknowledged) >= self.count

    def wait_until_ended(self, seconds):
        def all_ended():
            [[unfinished]] = self.cluster.query('SELECT COUNT(*) FROM SharedJobs WHERE completedAt IS NULL')
            return unfinished == '0'
        wait_until(all_ended, seconds, 'the end of all jobs', 0.5)

    def check(self, allow_failures):
        """Nothing lost, nothing twice. Answers the numbers of jobs by end."""
        views = self.cluster.views(self.acknowledged)
        first, *others = views.values()
        lost = set(self.acknowledged) - set(first)
        assert lost == set(), 'lost: %s' % lost
        compared = ('State', 'ErrorCode', 'Attempt', 'Replica', 'Content', 'CompletionTime')
        for view in others:
            assert {id_: [job.get(key) for key in compared] for id_, job in view.items()} == \
                {id_: [job.get(key) for key in compared] for id_, job in first.items()}
        states = collections.Counter(job['State'] for job in first.values())
        failures = [job for job in first.values() if job['State'] == 'Failure']
        assert set(states) <= {'Success', 'Failure'}
        assert allow_failures or failures == []

        ends = collections.Counter(id_ for [id_] in self.cluster.query('SELECT id FROM ChaosBook WHERE isEnd'))
        assert {id_: count for id_, count in ends.items() if count != 1} == {}, 'completed twice, by rows'
        assert set(ends) >= set(self.acknowledged)
        repeated = self.check_receiver(first)
        codes = collections.Counter('%d %s' % (job['ErrorCode'], job['ErrorDetails'][:60]) for job in failures)
        print('\n%d acknowledged, %d submissions without an answer; ends %s, failures %s; lost 0, completed twice 0;'
              ' received again by a later run: %d' % (len(self.acknowledged), self.unanswered, dict(states),
                                                       dict(codes), repeated))
        return states

    def check_receiver(self, jobs):
        """No instance has been received more often than its job has been claimed. Answers how many came again."""
        claims = {id_: int(fence) for id_, fence in self.cluster.query('SELECT id, fence FROM SharedJobs')}
        received = collections.Counter(line.split('.', 1)[1] for line in self.receiver.received())
        repeated = 0
        for job, instance in self.acknowledged.items():
            if instance is None:
                continue
            count = received[self.sop_instance_uid(instance)]
            assert count <= claims[job], 'job %s was claimed %d times, and received %d times' % (job, claims[job], count)
            assert count >= 1 or jobs[job]['State'] == 'Failure', 'job %s was not received' % job
            repeated += 1 if count > 1 else 0
        return repeated


class Takeovers:
    """How long the jobs of killed replicas waited until another run began."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.lost = []

    def note(self, replica):
        """Right after the kill of a replica"""
        rows = self.cluster.query('SELECT id, fence, extract(epoch FROM clock_timestamp()) FROM SharedJobs'
                                  " WHERE replica = '%s' AND origin = 0 AND state = 1" % replica)
        self.lost += [(id_, int(fence), float(now)) for id_, fence, now in rows]

    def report(self):
        runs = collections.defaultdict(list)
        for id_, fence, at in self.cluster.query('SELECT id, fence, extract(epoch FROM at) FROM ChaosBook'
                                                 ' WHERE NOT isEnd'):
            runs[id_].append((int(fence), float(at)))
        times = []
        for id_, fence, killed in self.lost:
            later = [at - killed for number, at in runs[id_] if number > fence]
            times += [min(later)] if later else []
        times.sort()
        if times:
            print('Takeover after kill -9: %d jobs, p50 %.1f s, max %.1f s'
                  % (len(times), times[len(times) // 2], times[-1]))
        return times

