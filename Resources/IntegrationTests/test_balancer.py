# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker/haproxy.cfg does with calls that concern the state of one process, so that a cluster looks like one."""

import uuid

import pytest

from dicom_files import make_instance
from test_tools import everywhere, levels, restored


@pytest.mark.parametrize('setting, value', [('log-level', 'verbose'), ('log-level-http', 'trace'), ('metrics', '0'),
                                            ('default-encoding', 'Latin1'), ('unknown-sop-class-accepted', '1')])
def test_setting_is_changed_everywhere(cluster, setting, value):
    single = cluster.replicas['orthanc1']
    with restored(cluster, setting):
        as_one = single.request('PUT', '/tools/' + setting, data=value)
        answer = cluster.balancer.request('PUT', '/tools/' + setting, data=value)
        assert levels(cluster, setting) == everywhere(cluster, value)
        # As the core answers
        assert (answer.status_code, answer.content) == (as_one.status_code, as_one.content)
        assert answer.headers.get('Content-Type') == as_one.headers.get('Content-Type')


def test_refused_settings(cluster):
    before = levels(cluster)
    for path, value in [('log-level', 'nonsense'), ('log-level-nonsense', 'default')]:
        refusals = [server.request('PUT', '/tools/' + path, data=value)
                    for server in (cluster.balancer, cluster.replicas['orthanc1'])]
        assert len({refusal.status_code for refusal in refusals}) == 1 and refusals[0].status_code in (400, 404)
    assert levels(cluster) == before
    assert cluster.balancer.status('GET', '/cluster/everywhere/tools/log-level') == 405
    assert cluster.balancer.status('PUT', '/cluster/everywhere/tools/execute-script', data='') == 404


def test_upload_in_pieces(cluster):
    """As jQuery File Upload sends large files: one request per piece."""
    content = make_instance('Pieces')
    name = uuid.uuid4().hex + '.dcm'
    boundary = uuid.uuid4().hex
    pieces = [content[start:start + 300] for start in range(0, len(content), 300)]
    before = cluster.balancer.get('/statistics')['CountInstances']
    for piece in pieces:
        assert cluster.balancer.get('/statistics')['CountInstances'] == before
        body = b'--%s\r\nContent-Disposition: form-data; name="files[]"; filename="%s"\r\n\r\n%s\r\n--%s' % (
            boundary.encode(), name.encode(), piece, boundary.encode())
        assert cluster.balancer.status('POST', '/instances', data=body, headers={
            'Content-Type': 'multipart/form-data; boundary=' + boundary, 'X-Requested-With': 'XMLHttpRequest',
            'X-File-Name': name, 'X-File-Size': str(len(content))}) == 200
    assert cluster.balancer.get('/statistics')['CountInstances'] == before + 1


def test_two_slashes_are_one(cluster, make_patient):
    """As in Orthanc: the rules hold for such paths as well."""
    series = make_patient(cluster.balancer)['series']
    job = cluster.end_of(cluster.balancer.submit('//series/%s/archive' % series))
    assert (job['State'], job['Origin']) == ('Success', 'Queued')
