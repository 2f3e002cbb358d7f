# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment of Docker/docker-compose*.yml under test, and the peers beside it."""

import contextlib
import json
import math
import os
import pathlib
import secrets
import subprocess
import tempfile
import time

import requests
import urllib3

from containers import docker, docker_logs, docker_output, free_port, wait_until

DOCKER_DIRECTORY = pathlib.Path(__file__).resolve().parents[1] / 'Docker'
START_SECONDS = 90
TOOLS = 'orthanc-registry/tools:forky'
LONE_IMAGE = 'orthanc-registry/orthanc:' + os.environ.get('ORTHANC_SUITE', 'forky')
# What projects and containers begin with. Runs side by side have names of their own.
PROJECTS = 'registry-test-' + os.environ.get('REGISTRY_TEST_LANE', '')
REUSE_SECONDS = 0.5  # Orthanc closes connections that have been idle for one second
STORAGE_USER = '10042'  # of storages that containers of several images share
LASTING_RECEIVER = 'lasting-receiver'  # a modality whose name is the same in several tests


class FreshPool(urllib3.HTTPConnectionPool):
    """Opens a new connection instead of using one again that the server may be about to close: what is sent at that
    very moment is lost, and a request that changes something must not be repeated."""

    def _get_conn(self, timeout=None):
        connection = super()._get_conn(timeout)
        if time.monotonic() - getattr(connection, 'idle_since', math.inf) > REUSE_SECONDS:
            connection.close()  # the next request opens it again
        return connection

    def _put_conn(self, connection):
        if connection is not None:
            connection.idle_since = time.monotonic()
        super()._put_conn(connection)


class FreshAdapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {'http': FreshPool}


class Server:
    """The REST API at one address. Threads may share it."""

    def __init__(self, port, credentials):
        self.url = 'http://127.0.0.1:%d' % port
        self.session = requests.Session()
        self.session.auth = credentials
        # What changes nothing is asked again, should a connection break all the same.
        retry = urllib3.Retry(total=2, connect=0, status=0, allowed_methods=['GET'])
        self.session.mount('http://', FreshAdapter(max_retries=retry))

    def request(self, method, path, **arguments):
        arguments.setdefault('timeout', 120)
        return self.session.request(method, self.url + path, **arguments)

    def json(self, method, path, **arguments):
        response = self.request(method, path, **arguments)
        assert response.status_code == 200, '%s %s: %d %s' % (method, path, response.status_code, response.text)
        return response.json()

    def get(self, path, **arguments):
        return self.json('GET', path, **arguments)

    def post(self, path, body=None, **arguments):
        return self.json('POST', path, json=body, **arguments)

    def status(self, method, path, **arguments):
        return self.request(method, path, **arguments).status_code

    def upload(self, content):
        return self.json('POST', '/instances', data=content)

    def submit(self, path, body=None):
        """The id of a job that is run asynchronously."""
        return self.post(path, {'Asynchronous': True, **(body or {})})['ID']

    def jobs(self):
        return {job['ID']: job for job in self.get('/jobs?expand')}

    def answers(self):
        try:
            return self.status('GET', '/system', timeout=5) == 200
        except requests.RequestException:
            return False


class Deployment:
    def __init__(self, name, compose_file, replicas, orthanc_suite=None, options=None):
        """The suite is that of the environment by default. "options": of Orthanc, besides those of the image."""
        self.project = PROJECTS + name
        self.compose_files = [DOCKER_DIRECTORY / compose_file]
        self.directory = tempfile.TemporaryDirectory(prefix=self.project)
        if options:
            self.compose_files.append(self.write_options(options, replicas))
        orthanc_suite = orthanc_suite or os.environ.get('ORTHANC_SUITE', 'forky')
        self.credentials = ('orthanc', secrets.token_hex(16))
        self.ports = {name: free_port() for name in ['HTTP_PORT', 'DICOM_PORT', 'REPLICA1_PORT', 'REPLICA2_PORT',
                                                     'REPLICA3_PORT']}
        self.environment = {**os.environ, **{name: str(port) for name, port in self.ports.items()},
                            'ORTHANC_USER': self.credentials[0], 'ORTHANC_PASSWORD': self.credentials[1],
                            'POSTGRES_PASSWORD': secrets.token_hex(16), 'REGISTRY_KEY': secrets.token_hex(32),
                            'ORTHANC_SUITE': orthanc_suite}
        self.balancer = Server(self.ports['HTTP_PORT'], self.credentials)
        self.replicas = {name: Server(self.ports['REPLICA%s_PORT' % name[-1]], self.credentials)
                         for name in replicas}
        self.network = self.project + '_default'

    def write_options(self, options, replicas):
        """Another file in the folder of the configuration of each replica, by a compose file that is answered."""
        directory = pathlib.Path(self.directory.name)
        directory.chmod(0o755)
        configuration = directory / 'options.json'
        configuration.write_text(json.dumps(options))
        configuration.chmod(0o644)
        mount = '%s:/etc/orthanc-registry/options.json:ro' % configuration
        path = directory / 'docker-compose.options.yml'
        path.write_text(json.dumps({'services': {name: {'volumes': [mount]} for name in replicas}}))
        return path

    def compose(self, *arguments):
        files = [part for path in self.compose_files for part in ('--file', str(path))]
        done = subprocess.run([str(DOCKER_DIRECTORY / 'compose.sh'), '--project-name', self.project, *files, *arguments],
                              env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextlib.contextmanager
    def running(self, show_logs):
        """Started, and removed with its data at the end. show_logs() tells whether to print the logs before."""
        try:
            self.compose('down', '--volumes')
            self.compose('up', '--detach')
            self.wait_all_answer()
            yield self
        except BaseException:
            self.print_logs()
            raise
        else:
            if show_logs():
                self.print_logs()
        finally:
            self.compose('down', '--volumes', '--timeout', '20')

    def print_logs(self):
        print(self.compose('logs', '--no-color', '--tail', '80'))

    def wait_all_answer(self):
        for name, server in [('balancer', self.balancer), *self.replicas.items()]:
            wait_until(server.answers, START_SECONDS, name + ' answers')
        # The balancer has found all of them when their names come by in one round
        for _ in range(3):
            wait_until(self.balancer_reaches_all, START_SECONDS, 'the balancer reaches all replicas')

    def balancer_reaches_all(self):
        # 503 while its first checks of the replicas are under way
        answers = [self.balancer.request('GET', '/system') for _ in self.replicas]
        return {answer.json()['Name'] for answer in answers if answer.status_code == 200} == set(self.replicas)

    def container(self, service):
        return docker('ps', '--all', '--quiet', '--filter', 'label=com.docker.compose.project=' + self.project,
                      '--filter', 'label=com.docker.compose.service=' + service)

    @contextlib.contextmanager
    def killed(self, service):
        """kill -9 of the process of a container, that is started again at the end."""
        docker('kill', '--signal', 'KILL', self.container(service))
        with self.started_again(service):
            yield

    @contextlib.contextmanager
    def stopped(self, service):
        """An orderly stop."""
        docker('stop', '--time', '20', self.container(service))
        with self.started_again(service):
            yield

    @contextlib.contextmanager
    def started_again(self, service):
        try:
            yield
        finally:
            docker('start', self.container(service))
            self.wait_all_answer()

    @contextlib.contextmanager
    def suspended(self, service):
        """SIGSTOP of all processes of a container, that go on at the end."""
        container = self.container(service)
        docker('pause', container)
        try:
            yield
        finally:
            docker('unpause', container)

    def terminate_backends(self, share=1.0):
        """Cuts connections of the replicas to PostgreSQL, chosen at random; answers how many."""
        return len(self.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'orthanc'"
                              ' AND random() < %g' % share))

    def query(self, sql):
        """The rows of a query on the PostgreSQL of the deployment, as lists of texts."""
        out = docker('exec', self.container('database'), 'psql', '--dbname=orthanc', '--no-align', '--tuples-only',
                     '--command', sql)
        return [line.split('|') for line in out.splitlines()]

    def end_of(self, job, seconds=60, server=None):
        """The job, once it has ended."""
        server = server or self.balancer

        def ended():
            answer = server.get('/jobs/' + job)
            return answer if answer['State'] in ('Success', 'Failure') else None
        return wait_until(ended, seconds, 'the end of job ' + job)

    def views(self, jobs):
        """Of each replica, what it answers about these jobs."""
        wanted = set(jobs)
        return {name: {id_: job for id_, job in server.jobs().items() if id_ in wanted}
                for name, server in self.replicas.items()}

    def wait_success(self, jobs, seconds, servers=None):
        """Until each of the servers (default: all replicas) says Success for each of the jobs."""
        def success():
            for server in servers or self.replicas.values():
                seen = [job for id_, job in server.jobs().items() if id_ in jobs]
                assert [job for job in seen if job['State'] == 'Failure'] == []
                if [job['State'] for job in seen].count('Success') < len(jobs):
                    return False
            return True
        wait_until(success, seconds, '%d jobs in Success' % len(jobs), 0.1)

    def add_modality(self, name, aet, host, port):
        """Known to all replicas: they share one list."""
        body = {'AET': aet, 'Host': host, 'Port': port}
        assert self.balancer.status('PUT', '/modalities/' + name, json=body) == 200

    @contextlib.contextmanager
    def storescp(self, *options, lasting=None):
        """A receiver (DCMTK), known to the cluster as a modality. "lasting": the name of it, on the network as well."""
        host = lasting or 'receiver-' + secrets.token_hex(4)  # at most 54 characters for Orthanc
        name = '%s-%s-%s' % (self.project, host, secrets.token_hex(4))
        docker('run', '--detach', '--init', '--name', name, '--network', self.network,
               '--network-alias', host, TOOLS,
               'storescp', '--fork', '--aetitle', 'RECEIVER', '--output-directory', '/received',
               '--exec-on-reception', 'echo #a #f >> /received/log', *options, '11112')
        try:
            receiver = Receiver(name, host)
            self.add_modality(receiver.modality, 'RECEIVER', receiver.host, 11112)
            echo = '/modalities/%s/echo' % receiver.modality
            wait_until(lambda: self.balancer.status('POST', echo, json={}) == 200, 30, 'the receiver answers')
            yield receiver
        finally:
            docker('rm', '--force', name)

    def slow_receiver(self, **options):
        """A receiver that takes some seconds per instance."""
        return self.storescp('--sleep-during', '1', **options)

    def plain_orthanc(self):
        """An Orthanc without plugins beside the cluster."""
        return self.lone_orthanc({})

    @contextlib.contextmanager
    def lone_orthanc(self, configuration, image=LONE_IMAGE, mounts=(), before='true'):
        """An Orthanc of its own on the network of the cluster: its host name there, and its REST API. Another image
        than that of the replicas, and what is mounted ("volume:path"), belong to the user of STORAGE_USER. "before": a
        command that is run first."""
        name = '%s-lone-%s' % (self.project, secrets.token_hex(4))
        port = free_port()
        whole = {'Name': 'Lone', 'RemoteAccessAllowed': True, 'AuthenticationEnabled': True,
                 'RegisteredUsers': {'lone': 'secret'}, 'DicomAet': 'LONE', 'StorageDirectory': '/tmp/storage',
                 'IndexDirectory': '/tmp/storage', **configuration}
        options = [part for mount in mounts for part in ('--volume', mount)]
        options += ['--user', STORAGE_USER] if mounts else []
        docker('run', '--detach', '--name', name, '--network', self.network, '--publish', '127.0.0.1:%d:8042' % port,
               '--env', 'CONFIGURATION=' + json.dumps(whole), *options, image, 'bash', '-c',
               '%s && mkdir -p /tmp/storage && echo "$CONFIGURATION" > /tmp/orthanc.json && '
               'exec Orthanc /tmp/orthanc.json' % before)
        try:
            server = Server(port, ('lone', 'secret'))
            wait_until(server.answers, START_SECONDS, 'the lone Orthanc answers')
            yield name, server
        except BaseException:
            print(docker_logs(name))
            raise
        finally:
            docker('rm', '--force', name)

    @contextlib.contextmanager
    def shared_storage(self):
        """A volume that one Orthanc after the other can use as its storage: what to mount."""
        name = '%s-storage-%s' % (self.project, secrets.token_hex(4))
        docker('volume', 'create', name)
        try:
            docker('run', '--rm', '--user', '0', '--volume', name + ':/tmp/storage', TOOLS,
                   'chown', STORAGE_USER, '/tmp/storage')
            yield name + ':/tmp/storage'
        finally:
            docker('volume', 'rm', '--force', name)

    def run_sql(self, database, script, **variables):
        """A script of psql, run as the role of Orthanc; answers what it prints, in the unaligned form."""
        assigned = ['--set=%s=%s' % variable for variable in variables.items()]
        done = subprocess.run(['docker', 'exec', '--interactive', '--env',
                               'PGPASSWORD=' + self.environment['POSTGRES_PASSWORD'], self.container('database'),
                               'psql', '--no-psqlrc', '--quiet', '--no-align', '--tuples-only',
                               '--set=ON_ERROR_STOP=1', *assigned, '--username=orthanc', '--host=127.0.0.1',
                               '--dbname=' + database],
                              input=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_database(self):
        """The section "PostgreSQL" for an empty database on the server of the deployment."""
        name = 'lone' + secrets.token_hex(4)
        docker('exec', self.container('database'), 'createdb', '--owner=orthanc', name)
        return {'EnableIndex': True, 'Host': 'database', 'Database': name, 'Username': 'orthanc',
                'Password': self.environment['POSTGRES_PASSWORD']}


class Receiver:
    def __init__(self, container, host):
        self.container = container
        self.host = self.modality = host

    def received(self):
        """One line per received instance: who sent it, and its file name."""
        log = docker('exec', self.container, 'sh', '-c', 'cat /received/log 2> /dev/null || true')
        return log.splitlines()
