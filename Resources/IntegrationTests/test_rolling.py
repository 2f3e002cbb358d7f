# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicas are upgraded one after the other, and one goes back, while clients go on. The next version is the plugin
with the migrations of UnitTests/NextVersion."""

import contextlib
import json
import os
import pathlib
import shutil
import threading
import time

import requests

from chaos import Workload, keep_book
from deployment import DOCKER_DIRECTORY, LASTING_RECEIVER, LONE_IMAGE, Deployment, docker, docker_logs, wait_until
from dicom_files import make_instance

REPLICAS = ['orthanc1', 'orthanc2', 'orthanc3']
PLUGIN = 'libOrthancPostgreSQLIndex.so'
FOLDER = '/usr/share/orthanc/plugins-registry'
NEXT_PLUGIN = DOCKER_DIRECTORY / 'plugins' / 'next-forky' / PLUGIN
NEWER = 'made by a newer plugin'

# How long the balancer may take to notice that a replica has gone
NOTICE_SECONDS = 3


class Rolling(Deployment):
    """Each replica loads the plugin from a folder of its own on this host."""

    def __init__(self):
        super().__init__('registry-test-rolling', 'docker-compose.yml', REPLICAS)
        self.root = pathlib.Path(self.directory.name)
        self.root.chmod(0o755)
        self.this_plugin = self.root / PLUGIN
        container = docker('create', LONE_IMAGE)
        try:
            docker('cp', '%s:%s/%s' % (container, FOLDER, PLUGIN), str(self.this_plugin))
        finally:
            docker('rm', container)
        for name in REPLICAS:
            (self.root / name).mkdir()
            self.install(name, self.this_plugin)
        override = self.root / 'docker-compose.plugins.yml'
        override.write_text(json.dumps({'services': {
            name: {'volumes': ['%s:%s:ro' % (self.root / name, FOLDER)]} for name in REPLICAS}}))
        self.compose_files.append(override)
        self.stops = []  # begin and end, as long as requests may fail

    def install(self, name, plugin):
        new = self.root / name / 'new'
        shutil.copyfile(plugin, new)
        new.chmod(0o644)
        os.replace(new, self.root / name / PLUGIN)

    def restart_with(self, name, plugin):
        """As an administrator does it: an orderly stop, the other file, a start."""
        begin = time.monotonic()
        container = self.container(name)
        docker('stop', '--time', '20', container)
        self.stops.append((begin, time.monotonic() + NOTICE_SECONDS))
        self.install(name, plugin)
        docker('start', container)
        wait_until(self.replicas[name].answers, 60, name + ' answers')
        wait_until(self.balancer_reaches_all, 60, 'the balancer reaches all replicas')
        print('%s: stopped in %.1f s, back after %.1f s'
              % (name, self.stops[-1][1] - NOTICE_SECONDS - begin, time.monotonic() - begin))


class Client(threading.Thread):
    """Repeats one kind of request through the balancer, and notes what was acknowledged and what was not."""

    def __init__(self, cluster, stop, act):
        super().__init__()
        self.cluster = cluster
        self.stop = stop
        self.act = act
        self.acknowledged = {}
        self.failures = []  # begin, end, and what it was

    def run(self):
        number = 0
        with requests.Session() as session:
            session.auth = self.cluster.credentials
            while not self.stop.is_set():
                number += 1
                begin = time.monotonic()
                try:
                    key, value, answer = self.act(session, self.cluster.balancer.url, number)
                    if answer.status_code == 200:
                        self.acknowledged[key(answer)] = value
                    else:
                        self.failures.append((begin, time.monotonic(), 'status %d' % answer.status_code))
                except requests.RequestException as error:
                    self.failures.append((begin, time.monotonic(), type(error).__name__))
                self.stop.wait(0.05)


def upload(session, url, _):
    answer = session.post(url + '/instances', data=make_instance('Rolling'), timeout=30)
    return (lambda a: a.json()['ID']), True, answer


def put_modality(session, url, number):
    name = 'rolling%d' % (number % 10)
    value = {'AET': 'ROLLING%d' % number, 'Host': 'host', 'Port': 104}
    return (lambda _: name), value['AET'], session.put(url + '/modalities/' + name, json=value, timeout=30)


def read(session, url, number):
    path = ['/studies?since=0&limit=5', '/statistics', '/jobs?limit=5', '/modalities?expand'][number % 4]
    return (lambda _: number), True, session.get(url + path, timeout=30)


@contextlib.contextmanager
def clients(cluster):
    stop = threading.Event()
    threads = {'uploads': Client(cluster, stop, upload), 'modalities': Client(cluster, stop, put_modality),
               'reads': Client(cluster, stop, read)}
    for thread in threads.values():
        thread.start()
    try:
        yield threads
    finally:
        stop.set()
        for thread in threads.values():
            thread.join()


def check_failures(cluster, threads):
    """Requests fail only while a replica is being stopped."""
    for kind, thread in threads.items():
        strange = [failure for failure in thread.failures
                   if not any(begin <= failure[1] and failure[0] <= end for begin, end in cluster.stops)]
        print('%s: %d acknowledged, %d failed at a replica that stopped: %s'
              % (kind, len(thread.acknowledged), len(thread.failures), [what for _, _, what in thread.failures]))
        assert strange == [], kind
        assert len(thread.failures) <= 6 * len(cluster.stops), kind


def check_content(cluster, threads):
    modalities = threads['modalities'].acknowledged
    for name, server in cluster.replicas.items():
        assert set(threads['uploads'].acknowledged) <= set(server.get('/instances')), name
        assert server.get('/statistics')['CountInstances'] == len(server.get('/instances')), name
        listed = server.get('/modalities?expand')
        # A failed PUT may have been carried out all the same
        differing = [key for key, aet in modalities.items() if listed[key]['AET'] != aet]
        assert len(differing) <= len(threads['modalities'].failures), name


def test_rolling_upgrade_and_back():
    assert NEXT_PLUGIN.exists(), 'the next version of the plugin is built by build.sh --test'
    cluster = Rolling()
    with cluster.running(show_logs=lambda: False):
        keep_book(cluster)
        before = dict(cluster.query('SELECT component, version FROM SharedVersions'))
        with cluster.storescp(lasting=LASTING_RECEIVER) as receiver, clients(cluster) as threads, \
                Workload(cluster, receiver, 60, 25, clients=3) as workload:
            cluster.restart_with('orthanc1', NEXT_PLUGIN)
            cluster.restart_with('orthanc2', NEXT_PLUGIN)
            cluster.restart_with('orthanc3', cluster.this_plugin)  # started anew beside the next version
            cluster.restart_with('orthanc1', cluster.this_plugin)  # goes back
            wait_until(workload.is_complete, 60, 'all submissions', 0.5)
            workload.wait_until_ended(60)
            after = dict(cluster.query('SELECT component, version FROM SharedVersions'))
            assert {name: int(after[name]) - int(version) for name, version in before.items()} == {
                name: 1 if name in ('Index', 'Jobs', 'Directory') else 0 for name in before}
            workload.check(allow_failures=False)
            assert workload.check_receiver(cluster.balancer.jobs()) == 0, 'received twice'
        check_failures(cluster, threads)
        check_content(cluster, threads)
        assert int(cluster.query('SELECT COUNT(*) FROM NextResources')[0][0]) > 0
        for name in ['orthanc1', 'orthanc3']:
            assert NEWER in docker_logs(cluster.container(name)), name
        assert NEWER not in docker_logs(cluster.container('orthanc2'))
