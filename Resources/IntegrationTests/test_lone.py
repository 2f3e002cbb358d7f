# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen with a single Orthanc: the options of the core, and all plugins together."""

import pytest

from dicom_files import make_instance

DIRECTORY = '/usr/share/orthanc/plugins-registry/'
ALL_PLUGINS = [DIRECTORY + name for name in
               ['libOrthancPostgreSQLIndex.so', 'libOrthancPostgreSQLStorage.so', 'libOrthancSQLiteIndex.so']]


def engine_options(cluster):
    if 'postgresql' in cluster.project:
        return {'PostgreSQL': cluster.new_database()}
    return {'SQLite': {'EnableIndex': True, 'Path': '/tmp/storage/index.sqlite'}}


def test_recycling_spares_protected_patients(cluster):
    options = {'Plugins': ALL_PLUGINS, 'MaximumPatientCount': 2, **engine_options(cluster)}
    with cluster.lone_orthanc(options) as (_, server):
        first, second, third, fourth = [make_instance('Patient%d' % number) for number in range(4)]
        kept = server.upload(first)
        assert server.status('PUT', '/patients/%s/protected' % kept['ParentPatient'], data='1') == 200
        recycled = server.upload(second)
        oldest = server.upload(third)
        assert server.status('GET', '/patients/' + recycled['ParentPatient']) == 404
        newest = server.upload(fourth)
        assert sorted(server.get('/patients')) == sorted([kept['ParentPatient'], newest['ParentPatient']])
        assert server.status('GET', '/instances/%s/file' % oldest['ID']) == 404
        assert server.request('GET', '/instances/%s/file' % kept['ID']).content == first


@pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)
def test_files_in_the_database(cluster, valid_files):
    section = {**cluster.new_database(), 'EnableStorage': True}
    with cluster.lone_orthanc({'Plugins': ALL_PLUGINS, 'PostgreSQL': section}) as (_, server):
        stored = {}
        for content in valid_files:
            stored.setdefault(server.upload(content)['ID'], content)  # the first of two files of one instance stays
        for instance, content in stored.items():
            assert server.request('GET', '/instances/%s/file' % instance).content == content
        system = server.get('/system')
        assert system['DatabaseBackendPlugin'] and system['StorageAreaPlugin']
        for patient in server.get('/patients'):
            assert server.status('DELETE', '/patients/' + patient) == 200
        assert server.get('/statistics')['CountInstances'] == 0
