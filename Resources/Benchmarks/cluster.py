# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL, a proxy if wanted, and replicas of Orthanc with one set of plugins, in containers."""

import json
import pathlib
import socket
import time

from client import Client
from containers import docker, docker_logs, wait_until
from measure import CpuClock, Psql, read_memory

PREFIX = 'registry-bench-'
NETWORK = PREFIX + 'network'
DATABASE_IMAGE = 'orthanc-registry/database:forky'
ORTHANC_IMAGE = 'orthanc-registry/benchmark:forky'  # the same for all sets, which are mounted
TOOLS_IMAGE = 'orthanc-registry/tools:forky'
DEBIAN_PLUGINS = '/usr/share/orthanc/plugins'
START_SECONDS = 120
PASSWORD = 'benchmark'

# Takes connections and never answers, until one comes to the second port
BLACK_HOLE = '''
import socket
server = socket.create_server(("", 11112), backlog=100)
end = socket.create_server(("", 11113))
end.accept()
'''


class PluginSet:
    """Plugins in a folder, those of Debian ("stock"), or none ("none": the index that is built into Orthanc)."""

    def __init__(self, text, label):
        self.text = text
        self.label = label
        self.folder = None if text in ('stock', 'none') else pathlib.Path(text).resolve()
        if self.folder is not None and not self.folder.is_dir():
            raise SystemExit('%s is no folder of plugins' % text)

    def has(self, library):
        return self.text != 'none' if self.folder is None else (self.folder / library).is_file()

    def path(self, library):
        return '%s/%s' % (DEBIAN_PLUGINS if self.folder is None else '/plugins', library)

    def mounts(self):
        return [] if self.folder is None else ['--volume', '%s:/plugins:ro' % self.folder]


def address(container):
    return docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)


class Cluster:
    def __init__(self, plugins, key, options):
        self.plugins = plugins
        self.key = key
        self.label = plugins.label
        self.options = options
        self.cpu_clock = CpuClock()
        self.database = None
        self.proxy = None
        self.psql = None
        self.hosts = {}  # addresses by container
        self.containers = []
        self.volumes = []
        self.idle_rates = {}
        self.instances = 0  # synthetic ones
        self.state = {}  # of the rows

    def name(self, part):
        return PREFIX + self.key + '-' + part

    def run(self, part, image, *arguments, command=()):
        name = self.name(part)
        docker('run', '--detach', '--name', name, '--network', NETWORK, *arguments, image, *command)
        self.containers.append(name)
        return name

    def volume(self, part):
        name = self.name(part)
        docker('volume', 'create', name)
        self.volumes.append(name)
        return name

    def start_database(self):
        self.database = self.run(
            'database', DATABASE_IMAGE, '--env', 'POSTGRES_USER=orthanc', '--env', 'POSTGRES_DB=orthanc',
            '--env', 'POSTGRES_PASSWORD=' + PASSWORD, '--shm-size', '512m',
            '--volume', self.volume('data') + ':/var/lib/postgresql/data')
        self.wait_for_database()
        # Durability stays as it is by default
        for setting in ["max_connections = 300", "shared_preload_libraries = 'pg_stat_statements'"]:
            docker('exec', self.database, 'psql', '--dbname=orthanc', '--command', 'ALTER SYSTEM SET ' + setting)
        docker('restart', self.database)
        self.wait_for_database()
        self.psql = Psql(self.database)
        self.psql.query('CREATE EXTENSION pg_stat_statements; CREATE EXTENSION IF NOT EXISTS pg_trgm')
        if self.options.proxy:
            self.proxy = self.run('proxy', TOOLS_IMAGE, '--cpu-shares', '8192', '--volume', self.options.proxy_binary + ':/delay-proxy:ro',
                                  command=('/delay-proxy', '5432', address(self.database), '5432'))
            self.proxy_command('delay %d' % (500 * self.options.delay))

    def wait_for_database(self):
        # Over TCP: the server of the first initialization does not listen there
        wait_until(lambda: 'accepting' in docker('exec', self.database, 'sh', '-c', 'pg_isready -h 127.0.0.1 || true'),
                   START_SECONDS, 'PostgreSQL', 0.2)
        time.sleep(0.5)

    def proxy_command(self, text):
        host = self.hosts.setdefault(self.proxy, address(self.proxy))

        def ask():
            try:
                with socket.create_connection((host, 5433), 5) as connection:
                    connection.sendall(text.encode())
                    return connection.recv(1000)
            except OSError:
                return None
        return json.loads(wait_until(ask, 10, 'the proxy answers'))

    def proxy_counters(self):
        return self.proxy_command('counters')

    def configuration(self, name, **options):
        postgresql = {'EnableIndex': True, 'EnableStorage': False, 'Lock': False, 'Host': self.proxy or self.database,
                      'Port': 5432, 'Database': 'orthanc', 'Username': 'orthanc', 'Password': PASSWORD}
        postgresql.update(options.pop('PostgreSQL', {}))
        whole = {'Name': name, 'DatabaseServerIdentifier': name, 'RemoteAccessAllowed': True,
                 'AuthenticationEnabled': False, 'HttpThreadsCount': 50, 'StorageDirectory': '/storage',
                 'DicomModalities': {'hole': ['HOLE', self.name('hole'), 11112]}, 'DicomScuTimeout': 3600,
                 'PostgreSQL': postgresql}
        if self.plugins.has('libOrthancPostgreSQLIndex.so'):
            whole['Plugins'] = [self.plugins.path('libOrthancPostgreSQLIndex.so')]
        return {**whole, **options}

    def start_orthanc(self, part, configuration, volume):
        name = self.run(part, ORTHANC_IMAGE, '--user', '0', *self.plugins.mounts(), '--volume', volume + ':/storage',
                        '--env', 'CONFIGURATION=' + json.dumps(configuration), command=(
                            'bash', '-c',
                            'echo "$CONFIGURATION" > /tmp/orthanc.json && exec Orthanc /tmp/orthanc.json'))
        self.hosts[name] = address(name)

        def answers():
            if docker('inspect', '--format', '{{.State.Running}}', name) != 'true':
                raise RuntimeError('%s has stopped:\n%s' % (name, docker_logs(name)))
            return self.answers(name)
        wait_until(answers, START_SECONDS, name + ' answers', 0.2)
        return name

    def answers(self, name):
        try:
            return Client(self.hosts[name]).get('/system')
        except (OSError, ValueError):
            return None

    def get_orthancs(self):
        return [name for name in self.containers if '-orthanc' in name]

    def get_all_orthancs(self):
        return [name for name in self.containers if '-orthanc' in name or '-storage' in name]

    def set_replicas(self, count):
        running = self.get_orthancs()
        storage = self.name('storage')
        if storage not in self.volumes:
            self.volume('storage')
        for number in range(len(running), count):
            part = 'orthanc%d' % (number + 1)
            self.start_orthanc(part, self.configuration(part), storage)
        for name in running[count:]:
            self.remove(name)

    def remove(self, name):
        docker('rm', '--force', '--volumes', name)
        self.containers.remove(name)

    def client(self, number=0):
        """To the replicas in turn"""
        orthancs = self.get_orthancs()
        return Client(self.hosts[orthancs[number % len(orthancs)]])

    def memory(self):
        return read_memory(self.get_orthancs()[0])

    def print_logs(self):
        for name in self.containers:
            print('--- %s\n%s' % (name, docker_logs(name)[-3000:]))

    def has_registry(self):
        if 'has-registry' not in self.state:
            self.state['has-registry'] = self.psql.query("SELECT to_regclass('SharedJobs') IS NOT NULL")[0][0] == 't'
        return self.state['has-registry']

    def open_hole(self):
        """The modality "hole" takes connections and never answers: who sends to it is occupied."""
        name = self.run('hole', TOOLS_IMAGE, command=('python3', '-c', BLACK_HOLE))
        self.hosts[name] = address(name)
        time.sleep(1)

    def close_hole(self):
        socket.create_connection((self.hosts[self.name('hole')], 11113), 5).close()

    def remove_hole(self):
        self.remove(self.name('hole'))

    def stop(self):
        if self.psql is not None:
            self.psql.close()
        for name in list(self.containers):
            self.remove(name)
        for name in self.volumes:
            docker('volume', 'rm', '--force', name)
