# SPDX-License-Identifier: GPL-3.0-or-later
"""The DICOM index as all replicas see it."""


def on_all(cluster, path, **arguments):
    """The answer to a GET, that must be the same on all replicas."""
    answers = [server.get(path, **arguments) for server in cluster.replicas.values()]
    for answer in answers:
        if isinstance(answer, dict):
            answer.pop('IsStable', None)  # each core has its own clock of this
    assert all(answer == answers[0] for answer in answers), path
    return answers[0]


def everywhere(cluster, method, path):
    return {server.status(method, path) for server in cluster.replicas.values()}


def test_upload_of_real_files(cluster, valid_files):
    before = on_all(cluster, '/statistics')
    since = on_all(cluster, '/changes?last')['Last']
    uploaded = {cluster.balancer.upload(content)['ID'] for content in valid_files}

    statistics = on_all(cluster, '/statistics')
    assert statistics['CountInstances'] - before['CountInstances'] == len(uploaded)
    assert set(on_all(cluster, '/instances')) >= uploaded
    for instance in uploaded:
        assert everywhere(cluster, 'GET', '/instances/%s/file' % instance) == {200}

    new = [change['ID'] for change in on_all(cluster, '/changes?limit=1000&since=%d' % since)['Changes']
           if change['ChangeType'] == 'NewInstance']
    assert sorted(new) == sorted(uploaded)
    for content in valid_files[:3]:
        assert cluster.balancer.upload(content)['Status'] == 'AlreadyStored'


def test_broken_files_leave_nothing(cluster, broken_files):
    before = on_all(cluster, '/statistics')
    for content in broken_files:
        assert cluster.balancer.status('POST', '/instances', data=content) in (400, 404)
    assert on_all(cluster, '/statistics') == before


def test_find_on_another_replica(cluster, make_patient):
    ids = make_patient(cluster.replicas['orthanc1'], 3, 'Lookup^Test')
    for server in cluster.replicas.values():
        found = server.post('/tools/find', {'Level': 'Study', 'Query': {'PatientName': 'lookup*'}, 'Expand': True})
        assert [study['ID'] for study in found] == [ids['study']]
        assert found[0]['Series'] == [ids['series']]
    assert len(on_all(cluster, '/series/' + ids['series'])['Instances']) == 3


def test_synchronous_modification(cluster, make_patient):
    ids = make_patient(cluster.replicas['orthanc2'], 2)
    content = cluster.balancer.post('/studies/%s/modify' % ids['study'],
                                    {'Replace': {'StudyDescription': 'Modified'}, 'Synchronous': True})
    assert content['Type'] == 'Study' and content['InstancesCount'] == 2
    tags = on_all(cluster, '/studies/' + content['ID'])['MainDicomTags']
    assert tags['StudyDescription'] == 'Modified'


def test_labels(cluster, make_patient):
    ids = make_patient(cluster.balancer)
    path = '/studies/%s/labels/reviewed' % ids['study']
    assert cluster.replicas['orthanc1'].status('PUT', path, data='') == 200
    assert on_all(cluster, '/studies/%s/labels' % ids['study']) == ['reviewed']
    find = {'Level': 'Study', 'Query': {}, 'Labels': ['reviewed']}
    assert all(server.post('/tools/find', find) == [ids['study']] for server in cluster.replicas.values())
    assert cluster.replicas['orthanc2'].status('DELETE', path) == 200
    assert on_all(cluster, '/studies/%s/labels' % ids['study']) == []


def test_metadata_revisions(cluster, make_patient):
    ids = make_patient(cluster.balancer)
    path = '/studies/%s/metadata/1024' % ids['study']
    first, *_, second = cluster.replicas.values()

    assert first.status('PUT', path, data='one') == 200
    answer = second.request('GET', path)
    assert answer.text == 'one'
    tag = answer.headers['ETag']
    assert first.status('PUT', path, data='blind') == 409
    assert second.status('PUT', path, data='two', headers={'If-Match': tag}) == 200
    assert first.status('PUT', path, data='late', headers={'If-Match': tag}) == 409

    answer = first.request('GET', path)
    assert answer.text == 'two' and answer.headers['ETag'] != tag
    assert second.status('DELETE', path, headers={'If-Match': tag}) == 409
    assert second.status('DELETE', path, headers={'If-Match': answer.headers['ETag']}) == 200
    assert everywhere(cluster, 'GET', path) == {404}


def test_delete(cluster, make_patient):
    before = on_all(cluster, '/statistics')
    ids = make_patient(cluster.replicas['orthanc2'], 3, 'Deleted')
    assert cluster.replicas['orthanc1'].status('DELETE', '/instances/' + ids['instances'][0]) == 200
    assert everywhere(cluster, 'GET', '/instances/' + ids['instances'][0]) == {404}
    assert everywhere(cluster, 'GET', '/studies/' + ids['study']) == {200}
    assert cluster.replicas['orthanc1'].status('DELETE', '/patients/' + ids['patient']) == 200
    assert everywhere(cluster, 'GET', '/patients/' + ids['patient']) == {404}
    assert on_all(cluster, '/statistics') == before
