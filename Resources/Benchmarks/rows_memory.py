# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plugin adds to the resident memory of a replica, against an Orthanc without plugins."""

import time

from client import Client, Run
from measure import read_memory, reset_highest_memory
from rows import Row
from rows_jobs import fill, release


def plain_orthanc(cluster):
    """Resident memory of an Orthanc with the built-in index, at rest"""
    if 'plain' not in cluster.state:
        configuration = cluster.configuration('plain', Plugins=[], IndexDirectory='/tmp')
        name = cluster.start_orthanc('plain', configuration, cluster.name('storage'))
        time.sleep(2)
        cluster.state['plain'] = read_memory(name)[0]
        cluster.remove(name)
    return cluster.state['plain']


class AtRest(Row):
    unit = 'MiB'

    def __init__(self):
        super().__init__('memory-rest', 'resident memory that a set adds to a replica just started')

    def prepare(self, cluster):
        plain_orthanc(cluster)
        cluster.set_replicas(0)
        cluster.set_replicas(1)
        time.sleep(3)

    def run(self, cluster, seconds):
        return Run([cluster.memory()[0] - plain_orthanc(cluster)], 1, 1)


class Expanding(Row):
    unit = 'MiB'

    def __init__(self, jobs):
        super().__init__('memory-expand', 'the peak of that while %d jobs are read by /jobs?expand' % jobs)
        self.jobs = jobs

    def prepare(self, cluster):
        fill(cluster, self.jobs, directly=True)

    def run(self, cluster, seconds):
        name = cluster.get_orthancs()[0]
        reset_highest_memory(name)
        Client(cluster.hosts[name]).request('GET', '/jobs?expand')
        return Run([cluster.memory()[1] - plain_orthanc(cluster)], 1, 1)

    def finish(self, cluster):
        release(cluster)


def get_rows(options):
    return [AtRest(), Expanding(100000)]
