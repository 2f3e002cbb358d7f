# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of the stock PostgreSQL plugin is opened in place."""

import time

import pytest

from deployment import docker_output
from dicom_files import make_instance
from stock import (STOCK_10_FOLDER, fill, find_differences, our_options, read_answers, stock_image, stock_options)

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

# Suite of Debian: plugin 4.0 with Orthanc 1.10.1, 5.0 with 1.12.7, 5.0 with 1.13.0; and 10.x if there is one
STOCK = ['bookworm', 'trixie', 'forky', 'built']


def run_stock(cluster, stock, section, mount):
    if stock != 'built':
        return cluster.lone_orthanc(stock_options(section), stock_image(stock), [mount])
    if not STOCK_10_FOLDER:
        pytest.skip('REGISTRY_STOCK_10 names no folder with a stock plugin 10.x')
    return cluster.lone_orthanc(stock_options(section, '/stock10/'), stock_image('forky'),
                                [mount, STOCK_10_FOLDER + ':/stock10:ro'])


def run_ours(cluster, section, mount, **options):
    return cluster.lone_orthanc(our_options(section, **options), None, [mount])


@pytest.mark.parametrize('stock', STOCK)
def test_database_of_stock_is_opened_in_place(cluster, stock):
    section = cluster.new_database()
    with cluster.shared_storage() as mount, cluster.storescp() as receiver:
        with run_stock(cluster, stock, section, mount) as (_, server):
            filled = fill(server, receiver.modality)
            before = read_answers(server)

        for start in ['first', 'second']:
            begin = time.monotonic()
            with run_ours(cluster, section, mount) as (name, server):
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
