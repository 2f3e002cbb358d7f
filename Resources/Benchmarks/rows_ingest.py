# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploading, deleting and anonymizing."""

import time

from client import Run, milliseconds, repeat_in_threads
from dicom_files import make_study, new_uid
from rows import Row

FASTEST = 1000  # instances per second, for which files are made beforehand
STUDY = 20


class Ingest(Row):
    by_rate = True

    def __init__(self, threads, same):
        shape = 'all into one study' if same else 'studies of %d' % STUDY
        super().__init__('ingest-%d-%s' % (threads, 'same' if same else 'different'),
                         'POST /instances by %d threads, %s' % (threads, shape))
        self.threads = threads
        self.same = same
        self.each_replicas = threads > 1
        self.each_size = threads == 4 and not same

    def count_threads(self, cluster):
        return self.threads

    def run(self, cluster, seconds):
        threads = self.count_threads(cluster)
        count = int(FASTEST * seconds / threads) + 1
        if self.same:
            files = make_study(count * threads, 'Ingest ' + new_uid())
            files = [files[thread * count:(thread + 1) * count] for thread in range(threads)]
        else:
            files = [sum((make_study(STUDY, 'Ingest ' + new_uid()) for _ in range(count // STUDY + 1)), [])
                     for _ in range(threads)]

        def upload(client, mine):
            return lambda number: number < len(mine) and client.request('POST', '/instances', mine[number])
        return repeat_in_threads([upload(cluster.client(thread), files[thread]) for thread in range(threads)],
                                 seconds)


def upload_study(cluster, count, patient):
    client = cluster.client()
    answers = [client.json('POST', '/instances', content) for content in make_study(count, patient)]
    return answers[0]['ParentStudy']


class Delete(Row):
    def __init__(self, instances):
        super().__init__('delete-study', 'DELETE of a study of %d instances' % instances)
        self.instances = instances

    def before(self, cluster):
        """Not measured"""
        cluster.state['to-delete'] = upload_study(cluster, self.instances, 'Delete ' + new_uid())

    def run(self, cluster, seconds):
        client = cluster.client()
        value = milliseconds(lambda: client.request('DELETE', '/studies/' + cluster.state['to-delete']))
        return Run([value], value / 1000)


class Anonymize(Row):
    def __init__(self):
        super().__init__('anonymize-study', 'POST /studies/{id}/anonymize of 10 instances, synchronous')

    def prepare(self, cluster):
        cluster.state['to-anonymize'] = upload_study(cluster, 10, 'Anonymize ' + new_uid())

    def run(self, cluster, seconds):
        client = cluster.client()
        path = '/studies/%s/anonymize' % cluster.state['to-anonymize']
        values = []
        start = time.perf_counter()
        while not values or time.perf_counter() - start < seconds:
            values.append(milliseconds(lambda: client.post(path, {})))
        return Run(values, time.perf_counter() - start)


def get_rows(options):
    threads = [1, 4, 16] if options.quick else [1, 4, 8, 16]
    rows = [Ingest(count, same) for count in threads for same in (False, True) if count > 1 or not same]
    return rows + [Delete(300 if options.quick else 1000), Anonymize()]
