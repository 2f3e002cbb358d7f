# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon an idle cluster starts a job."""

import statistics
import time

import pytest

from deployment import wait_until

pytestmark = pytest.mark.alone

COUNT = 50


def test_from_post_to_running(cluster, make_patient):
    study = make_patient(cluster.balancer)['study']

    def idle():
        return all(job['State'] in ('Success', 'Failure') for job in cluster.balancer.jobs().values())
    latencies = []
    for _ in range(COUNT):
        wait_until(idle, 30, 'an idle cluster')
        start = time.monotonic()
        job = cluster.balancer.submit('/studies/%s/anonymize' % study)
        while cluster.balancer.get('/jobs/' + job)['State'] == 'Pending':
            assert time.monotonic() - start < 10
        latencies.append(1000 * (time.monotonic() - start))
    print('\nFrom POST to Running on an idle cluster: median %.0f ms, worst %.0f ms of %d'
          % (statistics.median(latencies), max(latencies), COUNT))
    assert statistics.median(latencies) < 1000
