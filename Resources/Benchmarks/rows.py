# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of the benchmark is."""

from client import repeat


class Unsupported(Exception):
    """This set of plugins cannot do it."""


class Row:
    """One line of the result. run() is called once to warm up, then once per repetition, on each set in turn."""

    unit = 'ms'
    by_rate = False           # compared by operations per second instead of the median
    each_size = False         # run again for each size of the database
    each_replicas = False     # run again for each number of replicas
    needs_postgresql = True

    def __init__(self, name, description):
        self.name = name
        self.description = description

    def prepare(self, cluster):
        """Once per set"""

    def before(self, cluster):
        """Before each run, not measured"""

    def run(self, cluster, seconds):
        """A client.Run that takes about so many seconds"""
        raise NotImplementedError

    def finish(self, cluster):
        """Once per set, at the end"""


class RequestRow(Row):
    """One request after the other by one client. request(cluster, number) answers method, path and body."""

    def __init__(self, name, description, request, each_size=True, prepare=None):
        super().__init__(name, description)
        self.make_request = request
        self.each_size = each_size
        self.make_ready = prepare

    def prepare(self, cluster):
        if self.make_ready is not None:
            self.make_ready(cluster)

    def run(self, cluster, seconds):
        client = cluster.client()
        return repeat(lambda number: client.request(*self.make_request(cluster, number)), seconds, maximum=2000)
