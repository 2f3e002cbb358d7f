# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the configuration of the replicas under test: that of the suite's own generator, fed with the defaults of
the Orthanc that is installed here, with our plugin and what a cluster needs.

Arguments: directory of the suite, engine, host of the balancer (empty: one replica without it)."""

import contextlib
import io
import json
import pathlib
import runpy
import subprocess
import sys
import tempfile
import urllib.request
import warnings

PLUGINS = {'postgresql': 'libOrthancPostgreSQLIndex.so', 'sqlite': 'libOrthancSQLiteIndex.so'}
DATABASES = {
    'postgresql': {'PostgreSQL': {'EnableIndex': True, 'EnableStorage': False, 'Host': 'database', 'Port': 5432,
                                  'Database': 'orthanc', 'Username': 'orthanc', 'Password': 'orthanctest',
                                  'Lock': False, 'IndexConnectionsCount': 10}},
    'sqlite': {'SQLite': {'EnableIndex': True, 'Path': '/var/lib/orthanc/storage/index.sqlite'}},
}


class Download(io.BytesIO):
    def getcode(self):
        return 200


def generate(suite):
    defaults = subprocess.run(['Orthanc', '--config=-'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    urllib.request.urlopen = lambda url: Download(defaults)
    with tempfile.TemporaryDirectory() as directory:
        target = pathlib.Path(directory) / 'configuration.json'
        script = pathlib.Path(suite) / 'GenerateConfigurationForTests.py'
        sys.argv = [script.name, '--force', '--target', str(target)]
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            runpy.run_path(str(script), run_name='__main__')
        return json.loads(target.read_text())


def adapt(configuration, engine, balancer):
    for name in ('PostgreSQL', 'MySQL', 'Odbc', 'DicomWeb', 'Gdcm', 'WholeSlideImaging', 'Worklists'):
        configuration.pop(name, None)
    configuration.update(DATABASES[engine])
    # In the image of a replica
    configuration['Plugins'] = ['/usr/share/orthanc/plugins-registry/' + PLUGINS[engine]]
    configuration['StorageDirectory'] = configuration['IndexDirectory'] = '/var/lib/orthanc/storage'
    configuration['Name'] = configuration['DatabaseServerIdentifier'] = '${REPLICA}'
    # Tests look whether an archive replaces another one
    configuration['Registry'] = {'OutputsAsInCore': True}
    if balancer:
        share_lists(configuration, balancer)


def share_lists(configuration, balancer):
    """The lists of the configuration are the first shared ones, and the cluster is reached by its balancer."""
    configuration['DicomModalitiesInDatabase'] = configuration['OrthancPeersInDatabase'] = True
    configuration['Registry']['ImportDirectory'] = True
    configuration['DicomModalities']['self'][1] = balancer
    configuration['DicomModalities']['self-with-local-aet']['Host'] = balancer
    for name in ('self', 'transfers-bidirectional', 'transfers-simple'):
        configuration['OrthancPeers'][name]['Url'] = 'http://%s:8080/' % balancer


if __name__ == '__main__':
    suite, engine, balancer = sys.argv[1:]
    configuration = generate(suite)
    adapt(configuration, engine, balancer)
    print(json.dumps(configuration, indent=1))
