# SPDX-License-Identifier: GPL-3.0-or-later
"""The other deployments: the embedded default on SQLite, and Orthanc 1.12.7 of Debian trixie."""

from test_jobs import assert_equal_content


def check_index_and_jobs(cluster, valid_files):
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


def test_sqlite(sqlite_cluster, valid_files):
    check_index_and_jobs(sqlite_cluster, valid_files)


def test_sqlite_jobs_are_run_by_both(sqlite_cluster, make_patient):
    study = make_patient(sqlite_cluster.balancer)['study']
    with sqlite_cluster.slow_receiver() as slow:
        jobs = [sqlite_cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
                for _ in range(8)]
        sqlite_cluster.wait_success(jobs, 60)
        assert len(slow.received()) == len(jobs)
    view = sqlite_cluster.balancer.jobs()
    assert {view[job]['Replica'] for job in jobs} == set(sqlite_cluster.replicas)


def test_sqlite_killed_replica_loses_no_job(sqlite_cluster, make_patient):
    study = make_patient(sqlite_cluster.balancer)['study']
    survivor = sqlite_cluster.replicas['orthanc1']
    with sqlite_cluster.slow_receiver() as slow:
        jobs = {sqlite_cluster.balancer.submit('/modalities/%s/store' % slow.modality, {'Resources': [study]})
                for _ in range(6)}
        with sqlite_cluster.killed('orthanc2'):
            sqlite_cluster.wait_success(jobs, 25, [survivor])


def test_orthanc_of_trixie(trixie_cluster, valid_files):
    assert trixie_cluster.balancer.get('/system')['Version'].startswith('1.12.7')
    check_index_and_jobs(trixie_cluster, valid_files)
