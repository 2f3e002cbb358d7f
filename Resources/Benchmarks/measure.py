# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation costs: CPU of the containers, WAL, statements and round trips. Memory of processes."""

import os
import pathlib
import re
import subprocess
import time

from containers import docker

# pg_stat_statements does not see BEGIN and COMMIT that come through prepared statements: they count for nobody
SQL_COUNTERS = """
SELECT (SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn),
       COALESCE(SUM(calls) FILTER (WHERE query !~* '^(BEGIN|START|COMMIT|ROLLBACK|DEALLOCATE)'), 0)
FROM pg_stat_statements
"""


def find_cpu_file(container):
    """The file of the control group of a container that tells its CPU time, and the units of a second in it."""
    process = docker('inspect', '--format', '{{.State.Pid}}', container)
    groups = pathlib.Path('/proc/%s/cgroup' % process).read_text().splitlines()
    for _, controllers, path in sorted((line.split(':', 2) for line in groups), reverse=True):
        if 'cpuacct' in controllers.split(','):
            return pathlib.Path('/sys/fs/cgroup/%s%s/cpuacct.usage' % (controllers, path)), 1e9
        if controllers == '':
            return pathlib.Path('/sys/fs/cgroup%s/cpu.stat' % path), 1e6
    raise RuntimeError('No control group of ' + container)


class CpuClock:
    """CPU seconds of containers, by version 1 or 2 of control groups. (Asking Docker takes up to a second.)"""

    def __init__(self):
        self.files = {}

    def read(self, container):
        if container not in self.files:
            self.files[container] = find_cpu_file(container)
        path, second = self.files[container]
        try:
            # "usage_usec N" is the first line of version 2
            return int(path.read_text().split('\n', 1)[0].split()[-1]) / second
        except OSError:  # another container of that name by now
            del self.files[container]
            return self.read(container)


class Psql:
    """A session that stays open, so that asking costs next to nothing."""

    def __init__(self, container):
        self.process = subprocess.Popen(
            ['docker', 'exec', '--interactive', container, 'psql', '--no-psqlrc', '--quiet', '--no-align',
             '--tuples-only', '--dbname=orthanc'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def query(self, sql):
        """The rows as lists of texts; several statements may be given."""
        self.process.stdin.write(sql.rstrip().rstrip(';') + ';\n\\echo the-end\n')
        self.process.stdin.flush()
        rows = []
        for line in self.process.stdout:
            if line == 'the-end\n':
                return rows
            if 'ERROR:' in line:
                raise RuntimeError('%s\n%s' % (line, sql))
            rows.append(line.rstrip('\n').split('|'))
        raise RuntimeError('psql has ended')

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def read_memory(container):
    """(resident, highest resident) of the process of a container, in MiB."""
    status = docker('exec', container, 'cat', '/proc/1/status')
    return tuple(int(re.search(name + r':\s+(\d+) kB', status).group(1)) / 1024 for name in ('VmRSS', 'VmHWM'))


def reset_highest_memory(container):
    docker('exec', '--user', '0', container, 'sh', '-c', 'echo 5 > /proc/1/clear_refs')


def read_busy_seconds():
    """Of all processors of this machine"""
    with open('/proc/stat') as stat:
        times = [int(text) for text in stat.readline().split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf('SC_CLK_TCK')


class Costs:
    """The differences of all counters between start() and stop(), which asks in the opposite order so that the
    asking itself is not counted."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.before = None

    def start(self):
        sql = self.read_sql()
        self.before = {**sql, **self.read_cpu(), 'time': time.perf_counter()}

    def stop(self):
        """Seconds, bytes and numbers, without what the cluster costs when it is idle."""
        after = {'time': time.perf_counter(), **self.read_cpu()}
        after.update(self.read_sql())
        difference = {name: after[name] - self.before[name] for name in self.before}
        seconds = difference['time']
        own = sum(difference[name] for name in difference if name.endswith('Cpu'))
        difference['otherCpu'] = max(0, difference.pop('machine') - own)
        if 'statements' in difference:
            difference['statements'] -= 1  # the first look at the counters
        for name, rate in self.cluster.idle_rates.items():
            difference[name] = max(0, difference[name] - rate * seconds)
        return difference

    def read_cpu(self):
        cluster = self.cluster
        cpu = {'orthancCpu': sum(cluster.cpu_clock.read(name) for name in cluster.get_all_orthancs()),
               'driverCpu': time.process_time(), 'machine': read_busy_seconds()}
        if cluster.database is not None:
            cpu['databaseCpu'] = cluster.cpu_clock.read(cluster.database)
        return cpu

    def read_sql(self):
        counters = {}
        if self.cluster.psql is not None:
            row = self.cluster.psql.query(SQL_COUNTERS)[0]
            counters = {'wal': int(row[0]), 'statements': int(row[1])}
        if self.cluster.proxy is not None:
            counters['roundTrips'] = self.cluster.proxy_counters()['roundTrips']
        return counters


def measure_idle(cluster, seconds):
    """Costs per second while nothing is asked."""
    cluster.idle_rates = {}
    costs = Costs(cluster)
    costs.start()
    start = time.perf_counter()
    time.sleep(seconds)
    difference = costs.stop()
    seconds = time.perf_counter() - start
    rates = {name: value / seconds for name, value in difference.items()}
    cluster.idle_rates = {name: rate for name, rate in rates.items() if name not in ('driverCpu', 'otherCpu', 'time')}
    return rates


def top_statements(cluster, count=12):
    """Where the server has spent its time since the statistics were reset."""
    return cluster.psql.query(
        "SELECT calls, round(total_exec_time::numeric, 1), round(mean_exec_time::numeric, 4), wal_bytes,"
        " left(regexp_replace(query, '[\\s|]+', ' ', 'g'), 110) FROM pg_stat_statements"
        " ORDER BY total_exec_time DESC LIMIT %d" % count)
