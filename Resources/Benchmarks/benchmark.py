# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares two sets of plugins. Started by run.sh, which builds the images."""

import argparse
import concurrent.futures
import fnmatch
import os
import signal
import sys
import time

import report
import rows_find
import rows_ingest
import rows_jobs
import rows_memory
import rows_sqlite
import rows_storage
import sql_layer
from cluster import NETWORK, Cluster, PluginSet
from containers import docker
from data import fill
from measure import measure_idle
from runner import run_row

MODULES = [rows_memory, rows_find, rows_ingest, rows_jobs, rows_storage, rows_sqlite]
IDLE_SECONDS = 5


def numbers(text):
    return [int(part) for part in text.split(',')]


def parse_arguments():
    parser = argparse.ArgumentParser(prog='run.sh', description='Compares two sets of plugins on the same work.')
    parser.add_argument('--a', help='folder of plugins; "stock": those of Debian; default: built from this tree')
    parser.add_argument('--b', default='stock', help='the same for the other set (default: stock)')
    parser.add_argument('--rows', default='*', help='patterns of names, separated by commas: "ingest-*,find-*"')
    parser.add_argument('--repeat', type=int, help='repetitions on each set (default 5, quick 3)')
    parser.add_argument('--seconds', type=float, help='of one repetition (default 5, quick 1)')
    parser.add_argument('--quick', action='store_true', help='a few minutes: one replica, 10,000 instances')
    parser.add_argument('--replicas', type=numbers, help='default 1,3 (quick 1)')
    parser.add_argument('--instances', type=numbers, help='sizes of the database, default 10000,500000 (quick 10000)')
    parser.add_argument('--delay', type=float, default=0, help='round trip between Orthanc and PostgreSQL, ms')
    parser.add_argument('--proxy', action='store_true', help='count round trips also without delay')
    parser.add_argument('--profile', action='store_true', help='the most expensive statements of each row')
    parser.add_argument('--sql', action='store_true', help='the SQL layer of this tree alone, and pgbench')
    parser.add_argument('--output', help='the result as OUTPUT.json and OUTPUT.txt')
    parser.add_argument('--list', action='store_true', help='only prints the names of the rows')
    parser.add_argument('--proxy-binary', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.repeat = options.repeat or (3 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 5)
    options.replicas = options.replicas or ([1] if options.quick else [1, 3])
    options.instances = options.instances or ([10000] if options.quick else [10000, 500000])
    options.proxy = options.proxy or options.delay > 0
    return options


def make_schedule(rows, options):
    """(instances, replicas, row): all rows on the first size and number of replicas, some on the others."""
    schedule = []
    for instances in options.instances:
        for replicas in options.replicas:
            is_first_size, is_first_count = instances == options.instances[0], replicas == options.replicas[0]
            schedule += [(instances, replicas, row) for row in rows if row.needs_postgresql
                         and (is_first_size or row.each_size and is_first_count)
                         and (is_first_count or row.each_replicas and is_first_size)]
    return schedule


class Benchmark:
    def __init__(self, options):
        self.options = options
        self.results = []
        self.clusters = []
        self.report = {'machine': report.describe_machine(), 'command': ' '.join(sys.argv[1:]),
                       'delayMilliseconds': options.delay, 'repetitions': options.repeat,
                       'secondsOfOne': options.seconds, 'results': self.results}

    def run(self, rows):
        docker('network', 'create', NETWORK)
        if self.options.sql:
            self.report['sql'] = sql_layer.run(self.options)
        self.compare_plugins(make_schedule(rows, self.options))
        for cluster in self.clusters:
            cluster.stop()
        self.clusters = []
        rows_sqlite.compare([row for row in rows if not row.needs_postgresql], self)
        self.report['loadAtEnd'] = [round(value, 2) for value in os.getloadavg()]

    def compare_plugins(self, schedule):
        if not schedule:
            return
        for key, text in [('a', self.options.a), ('b', self.options.b)]:
            self.clusters.append(Cluster(PluginSet(text, key.upper()), key, self.options))
        for cluster in self.clusters:
            cluster.start_database()
            cluster.set_replicas(1)
        self.report['sets'] = {cluster.label: report.describe_cluster(cluster) for cluster in self.clusters}
        self.report['idlePerSecond'] = {}
        stage = None
        for instances, replicas, row in schedule:
            if (instances, replicas) != stage:
                stage = (instances, replicas)
                self.prepare_stage(instances, replicas)
            label = row.name + ('@%d' % instances if row.each_size else '') + ('/%d' % replicas if row.each_replicas else '')
            self.measure(row, self.clusters, label)

    def prepare_stage(self, instances, replicas):
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda cluster: fill(cluster, instances), self.clusters))
        for cluster in self.clusters:
            cluster.set_replicas(replicas)
        for cluster in self.clusters:
            rates = measure_idle(cluster, IDLE_SECONDS)
            self.report['idlePerSecond']['%s, %d replicas' % (cluster.label, replicas)] = {
                name: round(value, 5) for name, value in rates.items() if name != 'time'}
        print('%d instances, %d replicas (%.0f s)' % (instances, replicas, time.monotonic() - start), flush=True)

    def measure(self, row, clusters, label):
        start = time.monotonic()
        result = run_row(row, clusters, self.options, label)
        self.results.append(result)
        print('%-32s A %10s  B %10s  x %s  (%.0f s)' % (
            label, *[report.number(side.get('rate' if row.by_rate else 'median')) for side in (result['A'], result['B'])],
            report.ratio(result['ratio']), time.monotonic() - start), flush=True)


def main():
    options = parse_arguments()
    rows = [row for module in MODULES for row in module.get_rows(options)
            if any(fnmatch.fnmatch(row.name, pattern) for pattern in options.rows.split(','))]
    if options.list:
        print('\n'.join('%-24s %s' % (row.name, row.description) for row in rows))
        return
    benchmark = Benchmark(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what has been measured is reported all the same
    try:
        benchmark.run(rows)
    except BaseException:
        for cluster in benchmark.clusters:
            cluster.print_logs()
        raise
    finally:
        if benchmark.results:
            report.write(benchmark.report, options.output)
        for cluster in benchmark.clusters:
            cluster.stop()
        docker('network', 'rm', NETWORK)


if __name__ == '__main__':
    main()
