# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending to another Orthanc, over HTTP and over DICOM."""

import subprocess

from deployment import TOOLS
from dicom_files import make_study


def test_send_to_a_peer(cluster, make_patient):
    study = make_patient(cluster.balancer, 3)['study']
    with cluster.plain_orthanc() as (host, other):
        peer = {'Url': 'http://%s:8042/' % host, 'Username': 'lone', 'Password': 'secret'}
        assert cluster.balancer.status('PUT', '/peers/other', json=peer) == 200
        job = cluster.balancer.submit('/peers/other/store', {'Resources': [study]})
        ended = cluster.end_of(job)
        assert ended['State'] == 'Success', ended
        assert other.get('/studies') == [study]
        assert other.get('/statistics')['CountInstances'] == 3
        for server in cluster.replicas.values():
            assert 'secret' not in server.request('GET', '/jobs/' + job).text


def test_send_to_a_modality(cluster, make_patient):
    study = make_patient(cluster.balancer, 3)['study']
    with cluster.plain_orthanc() as (host, other):
        cluster.add_modality('other', 'LONE', host, 4242)
        job = cluster.balancer.submit('/modalities/other/store', {'Resources': [study]})
        assert cluster.end_of(job)['State'] == 'Success'
        assert other.get('/studies') == [study]


def test_receive_through_the_balanced_dicom_port(cluster, tmp_path):
    for number, content in enumerate(make_study(3, 'Received')):
        (tmp_path / ('%d.dcm' % number)).write_bytes(content)
    tmp_path.chmod(0o755)
    subprocess.run(['docker', 'run', '--rm', '--init', '--network', cluster.network, '--volume',
                    '%s:/files:ro' % tmp_path, TOOLS, 'storescu', '--scan-directories', 'balancer', '4242', '/files'],
                   check=True)
    for server in cluster.replicas.values():
        found = server.post('/tools/find', {'Level': 'Instance', 'Query': {'PatientID': 'Received'}})
        assert len(found) == 3
