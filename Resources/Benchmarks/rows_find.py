# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches and reading, on a synthetic database."""

from data import patient_name, public_id, spread
from dicom_files import make_study
from rows import RequestRow

PAGE = 100


def find(name, description, make_query):
    """make_query(cluster, number): what differs from a plain search for studies"""
    def request(cluster, number):
        return 'POST', '/tools/find', {'Level': 'Study', 'Query': {}, **make_query(cluster, number)}
    return RequestRow('find-' + name, '/tools/find: ' + description, request)


def get(name, description, make_path, **options):
    return RequestRow(name, description, lambda cluster, number: ('GET', make_path(cluster, number)), **options)


def patient(cluster, number):
    return 'BENCH%06d' % spread(cluster, 'patient', number)


def some_patients(cluster, number):
    return '\\'.join(patient(cluster, 10 * number + part) for part in range(10))


def wildcard(cluster, number):
    return {'Query': {'PatientName': '*' + patient_name(spread(cluster, 'patient', number))[1:-1] + '*'}}


def find_rows():
    month = lambda number: '%d%02d' % (2010 + number % 13, 1 + number % 12)
    page = lambda cluster, number: spread(cluster, 'study', number) // 2
    ordered = {'Type': 'DicomTag', 'Key': 'StudyDate', 'Direction': 'DESC'}
    return [
        find('exact', 'the studies of a PatientID', lambda c, n: {'Query': {'PatientID': patient(c, n)}}),
        find('wildcard', '*part of a PatientName*', wildcard),
        find('list', 'ten PatientIDs', lambda c, n: {'Query': {'PatientID': some_patients(c, n)}}),
        find('date', 'the studies of ten days',
             lambda c, n: {'Query': {'StudyDate': '%s01-%s10' % (month(n), month(n))}}),
        find('series', 'series of a modality of a patient',
             lambda c, n: {'Level': 'Series', 'Query': {'PatientID': patient(c, n), 'Modality': 'MR'}}),
        find('modalities', 'ModalitiesInStudy and ten days, expanded with both',
             lambda c, n: {'Query': {'ModalitiesInStudy': 'MR', 'StudyDate': '%s01-%s10' % (month(n), month(n))},
                           'Expand': True}),
        find('label', 'a label that one study of a hundred has, first page',
             lambda c, n: {'Labels': ['rare'], 'Limit': PAGE}),
        find('requested-tags', 'a patient with ModalitiesInStudy and numbers of children',
             lambda c, n: {'Query': {'PatientID': patient(c, n)}, 'Expand': True,
                           'RequestedTags': ['PatientName', 'ModalitiesInStudy', 'NumberOfStudyRelatedSeries',
                                             'NumberOfStudyRelatedInstances']}),
        find('ordered', 'the latest %d studies, expanded' % PAGE,
             lambda c, n: {'OrderBy': [ordered], 'Limit': PAGE, 'Expand': True}),
        find('page', 'a page of %d of all studies, expanded' % PAGE,
             lambda c, n: {'Since': page(c, n), 'Limit': PAGE, 'Expand': True}),
        find('ordered-page', 'a page of %d of all studies by StudyDate, expanded' % PAGE,
             lambda c, n: {'OrderBy': [ordered], 'Since': page(c, n), 'Limit': PAGE, 'Expand': True}),
        RequestRow('count', '/tools/count-resources: studies with a wildcard',
                   lambda c, n: ('POST', '/tools/count-resources', {'Level': 'Study', **wildcard(c, n)})),
    ]


def upload_some(cluster):
    """Instances with files"""
    if 'uploaded' not in cluster.state:
        client = cluster.client()
        cluster.state['uploaded'] = [client.json('POST', '/instances', content)['ID']
                                     for content in make_study(20, 'Uploaded')]


def read_rows():
    uploaded = lambda cluster, number: cluster.state['uploaded'][number % 20]
    changes = lambda cluster, number: spread(cluster, 'instance', number)
    rows = [get(level, '/%s/{id}' % plural,
                lambda c, n, level=level, plural=plural: '/%s/%s' % (plural, public_id(level, spread(c, level, n))))
            for level, plural in [('patient', 'patients'), ('study', 'studies'), ('series', 'series'),
                                  ('instance', 'instances')]]
    return rows + [
        get('studies-expand', '/studies?expand, all of them', lambda c, n: '/studies?expand'),
        get('studies-page', '/studies?expand, a page of %d' % PAGE,
            lambda c, n: '/studies?expand&since=%d&limit=%d' % (spread(c, 'study', n) // 2, PAGE)),
        get('study-instances', '/studies/{id}/instances?expand',
            lambda c, n: '/studies/%s/instances?expand' % public_id('study', spread(c, 'study', n))),
        get('metadata', '/instances/{id}/metadata?expand',
            lambda c, n: '/instances/%s/metadata?expand' % public_id('instance', spread(c, 'instance', n))),
        get('statistics', '/statistics', lambda c, n: '/statistics'),
        get('study-statistics', '/studies/{id}/statistics',
            lambda c, n: '/studies/%s/statistics' % public_id('study', spread(c, 'study', n))),
        get('changes', '/changes, a page of %d' % PAGE, lambda c, n: '/changes?since=%d&limit=%d' % (changes(c, n), PAGE)),
        get('changes-last', '/changes?last', lambda c, n: '/changes?last'),
        get('tags', '/instances/{id}/tags, which reads the file', lambda c, n: '/instances/%s/tags' % uploaded(c, n),
            each_size=False, prepare=upload_some),
    ]


def get_rows(options):
    return find_rows() + read_rows()
