# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries to a modality, and retrievals of their answers, at every replica."""

import statistics
import time

import pytest

from conftest import DEPLOYMENTS, run
from deployment import wait_until
from dicom_files import make_instance, new_uid

KEPT = 5
ROUNDS = 30
UNKNOWN = '11111111-2222-3333-4444-555555555555'
PATIENTS = ['QueryA', 'QueryB']
STUDIES = {'Level': 'Study', 'Query': {'PatientID': 'Query*', 'StudyDate': '', 'StudyDescription': '',
                                       'ModalitiesInStudy': '', 'SOPClassesInStudy': ''}}
FORMATS = ['', 'short', 'simplify', 'full']


@pytest.fixture(scope='module', params=DEPLOYMENTS)
def query_cluster(request):
    """A cluster that keeps few queries."""
    yield from run(request, 'queries-', options={'QueryRetrieveSize': KEPT})


@pytest.fixture(scope='module')
def pacs(query_cluster):
    """An Orthanc of its own with some studies, that sends what is moved to the second replica."""
    options = {'DicomModalities': {'cluster': ['ORTHANC', 'orthanc2', 4242]}}
    with query_cluster.lone_orthanc(options) as (host, server):
        for patient in PATIENTS:
            for study in [new_uid(), new_uid()]:
                for series in [new_uid(), new_uid()]:
                    server.upload(make_instance(patient, study, series))
        yield host, server


@pytest.fixture
def servers(query_cluster, pacs):
    """The replicas, which know the modality and have none of its patients."""
    query_cluster.add_modality('pacs', 'LONE', pacs[0], 4242)
    drop_patients(query_cluster.balancer)
    return list(query_cluster.replicas.values())


@pytest.fixture(scope='module')
def plain(query_cluster, pacs):
    """An Orthanc without plugins that appears to the modality like a replica."""
    options = {'DicomAet': 'ORTHANC', 'DicomModalities': {'pacs': ['LONE', pacs[0], 4242]}}
    with query_cluster.lone_orthanc(options) as (_, server):
        yield server


def drop_patients(server):
    for patient in server.get('/patients?expand'):
        if patient['MainDicomTags']['PatientID'] in PATIENTS:
            assert server.status('DELETE', '/patients/' + patient['ID']) == 200


def count_instances(server):
    """By GET, which is asked again if the connection breaks."""
    return sum(server.get('/patients/%s/statistics' % patient['ID'])['CountInstances']
               for patient in server.get('/patients?expand') if patient['MainDicomTags']['PatientID'] in PATIENTS)


def ask(server, body=None):
    answer = server.post('/modalities/pacs/query', body or STUDIES)
    assert answer == {'ID': answer['ID'], 'Path': '/queries/' + answer['ID']}
    return answer['Path']


def views(server, query):
    """All that can be read of a query."""
    answers = server.get(query + '/answers')
    paths = ['', '/answers'] + ['/answers/' + answer for answer in answers]
    for form in FORMATS:
        paths += ['/query?' + form, '/answers?expand&' + form]
        paths += ['/answers/%s/content?%s' % (answer, form) for answer in answers]
    result = {path: server.get(query + path) for path in paths}
    for path in ['/level', '/modality']:
        answer = server.request('GET', query + path)
        result[path] = answer.status_code, answer.text, answer.headers['Content-Type']
    return result


def comparable(content, method='C-MOVE'):
    """Without what depends on where the instances arrive: a replica knows only of those that come to itself."""
    if method == 'C-MOVE':
        for detail in content['Details']:
            del detail['ReceivedInstancesIds']
    return content


def test_read_everywhere_as_from_a_plain_orthanc(servers, plain):
    for body in [STUDIES, {'Level': 'Patient', 'Query': {'PatientID': 'QueryA', 'PatientName': ''}},
                 {'Level': 'series', 'Query': {'PatientID': 'QueryB', '0008-0060': '', 'StudyInstanceUID': ''}},
                 {'Level': 'IMAGE', 'Normalize': False, 'Query': {'PatientID': 'QueryB', 'SOPInstanceUID': ''}},
                 {'Level': 'Study', 'Query': {'PatientID': 'nobody'}}, {'Level': 'Patient'}]:
        query = ask(servers[0], body)
        expected = views(plain, ask(plain, body))
        for server in servers:
            assert views(server, query) == expected


def test_listed_and_deleted_everywhere(servers):
    for server in servers:
        for path in server.get('/queries'):
            assert server.request('DELETE', '/queries/' + path).content == b''
    queries = [ask(server) for server in servers]
    for server in servers:
        assert server.get('/queries') == sorted(query[len('/queries/'):] for query in queries)
    for server in servers:
        assert server.status('DELETE', queries[0]) == 200
        assert server.status('GET', queries[0]) == 404
        assert queries[0][len('/queries/'):] not in server.get('/queries')


def test_the_cluster_keeps_as_many_as_it_is_told(servers):
    queries = [ask(servers[i % len(servers)]) for i in range(KEPT + 3)]
    for server in servers:
        assert sorted(server.get('/queries')) == sorted(query[len('/queries/'):] for query in queries[-KEPT:])
        assert server.status('GET', queries[2] + '/answers') == 404


def test_children(servers, plain):
    def hierarchy(nodes):
        patients = ask(nodes[0], {'Level': 'Patient', 'Query': {'PatientID': 'QueryA'}, 'Timeout': 20})
        studies = nodes[1].post(patients + '/answers/0/query-studies', {'Query': {'StudyDescription': ''}})['Path']
        series = nodes[0].post(studies + '/answers/1/query-series', {})['Path']
        instances = nodes[1].post(series + '/answers/0/query-instances', {'Query': {'0008,0018': ''}})['Path']
        return [views(nodes[0], query) for query in [studies, series, instances]]
    assert hierarchy(servers) == hierarchy([plain, plain])


def test_refused_as_by_a_plain_orthanc(servers, plain):
    requests = [
        ('POST', '/modalities/nope/query', {'Level': 'Study'}), ('POST', '/modalities/pacs/query', []),
        ('POST', '/modalities/pacs/query', {}), ('POST', '/modalities/pacs/query', {'Level': 'nope'}),
        ('POST', '/modalities/pacs/query', {'Level': 'Study', 'Query': {'NoSuchTag': ''}}),
        ('POST', '/modalities/pacs/query', {'Level': 'Study', 'Timeout': -1}),
        ('GET', '/modalities/pacs/query', None), ('POST', '/queries', {}), ('PUT', '{id}', {}),
        ('GET', '/queries/' + UNKNOWN, None), ('GET', '/queries/%s/answers' % UNKNOWN, None),
        ('GET', '/queries/%s/level' % UNKNOWN, None), ('POST', '/queries/%s/retrieve' % UNKNOWN, {}),
        ('GET', '{id}/answers/x', None), ('GET', '{id}/answers/99', None), ('GET', '{id}/answers/x/content', None),
        ('GET', '{id}/answers/-1/content', None), ('GET', '{id}/answers/99/content', None),
        ('GET', '{id}/answers?expand=nope', None), ('GET', '{id}/nope', None), ('POST', '{id}/answers', {}),
        ('GET', '{id}/retrieve', None),
        ('POST', '{id}/retrieve', {'RetrieveMethod': 'C-STORE'}), ('POST', '{id}/retrieve', {'TargetAet': 1}),
        ('POST', '{id}/retrieve', {'Timeout': 'x'}), ('POST', '{id}/retrieve', {'Simplify': 'x'}),
        ('POST', '{id}/retrieve', {'RetrieveMethod': 1}), ('POST', '{id}/answers/99/retrieve', {}),
        ('POST', '{id}/answers/x/retrieve', {}), ('POST', '{id}/answers/0/query-studies', {}),
        ('POST', '{id}/answers/99/query-series', {}), ('POST', '{id}/answers/x/query-series', {}),
        ('POST', '{id}/answers/0/query-series', {'Query': {'NoSuchTag': ''}}),
        ('POST', '{id}/retrieve', {'TargetAet': 'NOBODY'})]

    def refusal(server, query, method, path, body):
        answer = server.request(method, path.replace('{id}', query), json=body)
        return method, path, body, answer.status_code, answer.headers.get('Allow'), answer.content and \
            answer.json()['OrthancStatus']
    queries = {server: ask(server) for server in [servers[0], plain]}
    expected = [refusal(plain, queries[plain], *request) for request in requests]
    actual = [refusal(servers[-1], queries[servers[0]], *request) for request in requests]
    assert [pair for pair in zip(expected, actual) if pair[0] != pair[1]] == []


def test_body_of_a_retrieval_that_is_no_object(servers):
    """400, where Orthanc itself answers 500."""
    for body in [[], 'text', 1]:
        answer = servers[1].request('POST', ask(servers[0]) + '/retrieve', json=body)
        assert answer.status_code == 400 and answer.json()['OrthancStatus'] == 15


def test_modality_that_does_not_answer(query_cluster, servers):
    query_cluster.add_modality('nowhere', 'NOWHERE', '127.0.0.1', 1)
    answer = servers[0].request('POST', '/modalities/nowhere/query', json={'Level': 'Study'})
    assert answer.status_code == 500 and answer.json()['OrthancStatus'] == 9


@pytest.mark.parametrize('method', ['C-GET', 'C-MOVE'])
def test_retrieved_at_another_replica(query_cluster, servers, plain, method):
    query, expected = ask(servers[0]), ask(plain)
    body = {'RetrieveMethod': method, 'UserData': 'mine'}
    content = servers[1].post(query + '/retrieve', body)
    assert comparable(content, method) == comparable(plain.post(expected + '/retrieve', body), method)
    assert count_instances(query_cluster.balancer) == 8

    drop_patients(query_cluster.balancer)
    job = servers[-1].submit(query + '/answers/1/retrieve', body)
    ended = query_cluster.end_of(job)
    assert (ended['State'], ended['Origin'], ended['UserData']) == ('Success', 'Queued', 'mine')
    assert ended['Type'] == ('DicomGetScu' if method == 'C-GET' else 'DicomMoveScu')
    assert ended['Destination'] == 'pacs'
    expected_job = plain.submit(expected + '/answers/1/retrieve', body)
    expected_job = wait_until(lambda: [job for job in [plain.get('/jobs/' + expected_job)]
                                       if job['State'] == 'Success'], 30, 'the job of the plain Orthanc')[0]
    assert comparable(ended['Content'], method) == comparable(expected_job['Content'], method)
    # Asked by C-GET, Orthanc sends all studies with the accession number of the answer: all have none
    assert count_instances(query_cluster.balancer) == (8 if method == 'C-GET' else 2)


def test_target_as_plain_text(query_cluster, servers):
    query = ask(servers[0], {'Level': 'Series', 'Query': {'PatientID': 'QueryA'}})
    content = servers[1].json('POST', query + '/answers/0/retrieve', data='ORTHANC')
    assert content['TargetAet'] == 'ORTHANC' and content['Query'][0]['0008,0052'] == 'SERIES'
    assert count_instances(query_cluster.balancer) == 1
    assert servers[0].status('POST', query + '/answers/0/retrieve', data='NOBODY') == 500


@pytest.mark.parametrize('form', ['Short', 'Full', 'Simplify'])
def test_format_of_the_content(servers, plain, form):
    body = {'RetrieveMethod': 'C-GET', form: True}
    content = servers[1].post(ask(servers[0]) + '/retrieve', body)
    assert content == plain.post(ask(plain) + '/retrieve', body)


def test_same_key_same_job(query_cluster, servers):
    query = ask(servers[0])
    headers = {'Idempotency-Key': 'key-' + query}

    def submit(server, answer):
        return server.post('%s/answers/%d/retrieve' % (query, answer), {'Asynchronous': True}, headers=headers)['ID']
    first = submit(servers[0], 0)
    assert submit(servers[1], 0) == first
    second = submit(servers[1], 1)
    assert second != first
    query_cluster.wait_success([first, second], 60)


def test_cost(servers, plain):
    def median(action):
        durations = []
        for _ in range(ROUNDS):
            start = time.monotonic()
            action()
            durations.append(time.monotonic() - start)
        return statistics.median(durations)
    expected = ask(plain)
    asked, asked_plain = median(lambda: ask(servers[0])), median(lambda: ask(plain))
    query = ask(servers[0])
    read = median(lambda: servers[1].get(query + '/answers?expand'))
    read_plain = median(lambda: plain.get(expected + '/answers?expand'))
    print('\nA query: %.1f ms, of a plain Orthanc %.1f ms; its answers at another replica: %.1f ms, %.1f ms'
          % tuple(1000 * seconds for seconds in [asked, asked_plain, read, read_plain]))
    assert asked < asked_plain + 0.5 and read < read_plain + 0.5


def test_after_the_replica_that_has_asked_is_gone(query_cluster, servers):
    query = ask(servers[0])
    expected = views(servers[0], query)
    with query_cluster.killed('orthanc1'):
        for server in servers[1:]:
            assert views(server, query) == expected
        assert len(servers[1].post(query + '/retrieve', {'RetrieveMethod': 'C-GET'})['Query']) == 4
        drop_patients(servers[1])
        job = servers[1].submit(query + '/retrieve')  # C-MOVE
        assert query_cluster.end_of(job, server=servers[1])['State'] == 'Success'
        assert count_instances(servers[1]) == 8
        child = servers[1].post(query + '/answers/0/query-series', {})['Path']
        assert len(servers[1].get(child + '/answers')) == 2


def test_deleted_modality(query_cluster, servers):
    query = ask(servers[0])
    assert servers[0].status('DELETE', '/modalities/pacs') == 200
    assert servers[1].status('POST', query + '/retrieve', json={}) == 404
    assert len(servers[1].get(query + '/answers')) == 4
