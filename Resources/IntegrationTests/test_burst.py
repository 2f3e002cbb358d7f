# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs at once: each is run exactly once, by all replicas together."""

import collections
import concurrent.futures

from dicom_files import make_instance
from test_jobs import assert_equal_content

BURST = 60


def test_burst_is_run_by_all_each_job_once(cluster):
    instances = [cluster.balancer.upload(make_instance('Burst')) for _ in range(BURST)]
    with cluster.storescp() as receiver:
        def submit(instance):
            return cluster.balancer.submit('/modalities/%s/store' % receiver.modality, {'Resources': [instance['ID']]})
        with concurrent.futures.ThreadPoolExecutor(max_workers=10) as pool:
            jobs = list(pool.map(submit, instances))
        assert len(set(jobs)) == BURST
        for server in cluster.replicas.values():
            assert set(server.get('/jobs')) >= set(jobs)
        cluster.wait_success(jobs, 120)
        received = receiver.received()

    assert len(received) == BURST, 'counted at the receiver'
    assert len(set(received)) == BURST
    assert_equal_content(cluster, jobs)
    runs = collections.Counter(job['Replica'] for job in cluster.balancer.jobs().values() if job['ID'] in jobs)
    print('\n%d jobs were run by %s' % (BURST, dict(runs)))
    assert set(runs) == set(cluster.replicas)
