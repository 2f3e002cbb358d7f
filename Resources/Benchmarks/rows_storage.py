# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in the database, at a replica of their own with the storage plugin and without a cache."""

import os

from client import repeat
from cluster import PASSWORD
from containers import docker
from client import Client
from data import make_instance
from rows import Row, Unsupported

HALF_MEGABYTE = 724  # pixels wide and high
LIBRARIES = ['libOrthancPostgreSQLIndex.so', 'libOrthancPostgreSQLStorage.so']
ATTACHMENT = '/instances/%s/attachments/1030'


def start(cluster):
    """The client of the replica"""
    if 'storage' not in cluster.state:
        if not all(cluster.plugins.has(library) for library in LIBRARIES):
            raise Unsupported('no storage plugin in this set')
        docker('exec', cluster.database, 'createdb', '--owner=orthanc', 'storage')
        configuration = cluster.configuration('storage', PostgreSQL={'EnableStorage': True, 'Database': 'storage'},
                                              MaximumStorageCacheSize=0,
                                              Plugins=[cluster.plugins.path(library) for library in LIBRARIES])
        name = cluster.start_orthanc('storage', configuration, cluster.name('storage'))
        cluster.state['storage'] = Client(cluster.hosts[name])
        cluster.state['large'] = os.urandom(100 << 20)
    return cluster.state['storage']


class Storage(Row):
    def prepare(self, cluster):
        start(cluster)


class WriteHalf(Storage):
    def __init__(self):
        super().__init__('storage-write-0.5', 'POST /instances of 0.5 MB, files in the database')

    def run(self, cluster, seconds):
        client = start(cluster)
        pixels = os.urandom(HALF_MEGABYTE * HALF_MEGABYTE)
        files = [make_instance('Storage', size=HALF_MEGABYTE, pixels=pixels) for _ in range(100)]
        run = repeat(lambda number: client.request('POST', '/instances', files[number]), seconds, maximum=100)
        return run


class ReadHalf(Storage):
    def __init__(self):
        super().__init__('storage-read-0.5', 'GET /instances/{id}/file of 0.5 MB')

    def prepare(self, cluster):
        super().prepare(cluster)
        pixels = os.urandom(HALF_MEGABYTE * HALF_MEGABYTE)
        cluster.state['half'] = [
            start(cluster).json('POST', '/instances', make_instance('Read', size=HALF_MEGABYTE, pixels=pixels))['ID']
            for _ in range(20)]

    def run(self, cluster, seconds):
        client = start(cluster)
        return repeat(lambda number: client.request('GET', '/instances/%s/file' % cluster.state['half'][number % 20]),
                      seconds)


class WriteLarge(Storage):
    def __init__(self):
        super().__init__('storage-write-100', 'PUT of an attachment of 100 MiB')

    def prepare(self, cluster):
        super().prepare(cluster)
        client = start(cluster)
        cluster.state['owner'] = client.json('POST', '/instances', make_instance('Large'))['ID']

    def run(self, cluster, seconds):
        client = start(cluster)
        path = ATTACHMENT % cluster.state['owner']
        return repeat(lambda number: client.request('PUT', path, cluster.state['large']), seconds, minimum=2)


class ReadLarge(WriteLarge):
    """The last of these rows: the replica is removed."""

    def __init__(self):
        Row.__init__(self, 'storage-read-100', 'GET of an attachment of 100 MiB')

    def prepare(self, cluster):
        super().prepare(cluster)
        start(cluster).request('PUT', ATTACHMENT % cluster.state['owner'], cluster.state['large'])

    def run(self, cluster, seconds):
        client = start(cluster)
        path = ATTACHMENT % cluster.state['owner'] + '/data'
        return repeat(lambda number: client.request('GET', path), seconds, minimum=2)


    def finish(self, cluster):
        cluster.remove(cluster.name('storage'))
        del cluster.state['storage']
        docker('exec', cluster.database, 'dropdb', '--force', 'storage')


def get_rows(options):
    return [WriteHalf(), ReadHalf(), WriteLarge(), ReadLarge()]
