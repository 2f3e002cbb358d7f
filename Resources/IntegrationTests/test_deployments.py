# SPDX-License-Identifier: GPL-3.0-or-later
"""Orthanc 1.12.7 of Debian trixie, on both engines."""

from test_jobs import assert_equal_content


def test_orthanc_of_trixie(trixie_cluster, valid_files):
    cluster = trixie_cluster
    assert cluster.balancer.get('/system')['Version'].startswith('1.12.7')
    uploaded = {cluster.balancer.upload(content)['ID'] for content in valid_files}
    for server in cluster.replicas.values():
        assert set(server.get('/instances')) == uploaded
        assert server.get('/statistics')['CountInstances'] == len(uploaded)

    studies = cluster.balancer.get('/studies')
    jobs = [cluster.balancer.submit('/studies/%s/anonymize' % study) for study in studies]
    for server in cluster.replicas.values():
        assert set(server.get('/jobs')) >= set(jobs)
    cluster.wait_success(jobs, 120)
    assert_equal_content(cluster, jobs)
