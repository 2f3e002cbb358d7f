# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of the stock PostgreSQL plugin is opened in place."""

import time

import pytest

from deployment import docker_output
from dicom_files import make_instance
from stock import BUILT, fill, find_differences, read_answers, run_ours, run_stock

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

# Suite of Debian: plugin 4.0 with Orthanc 1.10.1, 5.0 with 1.12.7, 5.0 with 1.13.0; and 10.x if there is one
STOCK = ['bookworm', 'trixie', 'forky'] + BUILT


@pytest.mark.parametrize('stock', STOCK)
def test_database_of_stock_is_opened_in_place(cluster, stock):
    section = cluster.new_database()
    with cluster.shared_storage() as mount, cluster.storescp() as receiver:
        with run_stock(cluster, stock, section, mount) as (_, server):
            filled = fill(server, receiver.modality)
            before = read_answers(server)

        for start, options in [('first', {}), ('second', {}), ('read-only', {'ReadOnly': True})]:
            begin = time.monotonic()
            with run_ours(cluster, section, mount, **options) as (name, server):
                print('stock %s, %s start of ours: %.1f s' % (stock, start, time.monotonic() - begin))
                print([line for line in docker_output('logs', name).splitlines() if 'taken over' in line])
                after = read_answers(server)
                assert find_differences(before, after) == []
                assert len(after) >= len(before) > 50
            before = after  # nothing may be added any more

        check_it_works(cluster, section, mount, filled)


def check_it_works(cluster, section, mount, filled):
    with run_ours(cluster, section, mount, MaximumPatientCount=3) as (_, server):
        before = server.get('/statistics')
        last = server.get('/changes?last')['Last']
        new = server.upload(make_instance('New patient'))
        assert new['Status'] == 'Success'
        # The oldest one that is not protected has made room
        assert server.status('GET', '/patients/' + filled['oldest']) == 404
        assert server.status('GET', '/patients/' + filled['protected']) == 200
        assert server.get('/statistics')['CountPatients'] == before['CountPatients']
        assert [change['Seq'] > last for change in server.get('/changes?since=%d' % last)['Changes']]
        assert server.status('DELETE', '/instances/' + new['ID']) == 200
        for patient in server.get('/patients'):
            assert server.status('DELETE', '/patients/' + patient) == 200
        statistics = server.get('/statistics')
        assert all(statistics[name] == 0 for name in ['CountPatients', 'CountStudies', 'CountSeries',
                                                      'CountInstances'])
        assert statistics['TotalDiskSize'] == statistics['TotalUncompressedSize'] == '0'
        assert server.get('/changes')['Changes'] == []
