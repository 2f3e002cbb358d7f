# SPDX-License-Identifier: GPL-3.0-or-later
"""Orthanc with the stock PostgreSQL plugin, what is stored in it, and the answers that its successor must give too."""

import os
import pathlib

from deployment import wait_until
from dicom_files import make_instance, new_uid

# A folder with the two libraries of a stock plugin 10.x built for forky, which no package of Debian has
STOCK_10_FOLDER = os.environ.get('REGISTRY_STOCK_10')
BUILT = ['built'] if STOCK_10_FOLDER else []

OURS = '/usr/share/orthanc/plugins-registry/'
DEBIAN = '/usr/share/orthanc/plugins/'

# What newer cores add to answers of older ones, whatever the plugin
ADDED_FIELDS = {'Labels', 'Attachments', 'Metadata', 'First', 'IsProtected', 'RequestedTags', 'UncompressedSizeMB',
                'Pending', 'MaximumPatientCount', 'RetrieveMethod'}
ADDED_METADATA = {'PatientRecyclingOrder', 'IsProtected'}  # the tables of revision 5 and older said the same


def stock_image(suite):
    return 'orthanc-registry/stock:' + suite


def stock_options(section, folder=DEBIAN):
    """With the options of all stock plugins since 4.0."""
    return {'Plugins': [folder + 'libOrthancPostgreSQLIndex.so'], 'StableAge': 1, 'OverwriteInstances': True,
            'DicomModalitiesInDatabase': True, 'OrthancPeersInDatabase': True,
            'DatabaseServerIdentifier': 'hospital', 'SaveJobs': False, 'PostgreSQL': {**section, 'EnableStorage': False, 'Lock': False}}


def our_options(section, **options):
    return {**stock_options(section, OURS), **options}


def run_stock(cluster, stock, section, mount):
    if stock != 'built':
        return cluster.lone_orthanc(stock_options(section), stock_image(stock), [mount])
    return cluster.lone_orthanc(stock_options(section, '/stock10/'), stock_image('forky'),
                                [mount, STOCK_10_FOLDER + ':/stock10:ro'])


def run_ours(cluster, section, mount, **options):
    return cluster.lone_orthanc(our_options(section, **options), mounts=[mount])


def fill(server, receiver):
    """Patients in the order of recycling A (protected), B, E; C is gone, and so is a series of A."""
    study, first, second = new_uid(), new_uid(), new_uid()
    a = [server.upload(make_instance('Adopted A', study, series, number))
         for series, number in [(first, 1), (first, 2), (second, 3), (new_uid(), 4)]]
    b = [server.upload(make_instance('Adopted B'))]
    c = [server.upload(make_instance('Adopted C'))]
    e = [server.upload(make_instance('Adopted E, a name with a * and a %'))]
    assert server.status('PUT', '/patients/%s/protected' % a[0]['ParentPatient'], data='1') == 200
    for path, content in [('/patients/%s/metadata/1024' % b[0]['ParentPatient'], 'one'),
                          ('/studies/%s/metadata/1025' % a[0]['ParentStudy'], 'Ünïcode'),
                          ('/studies/%s/attachments/1030' % a[0]['ParentStudy'], 'attached to a study'),
                          ('/instances/%s/attachments/1031' % b[0]['ID'], 'attached to an instance')]:
        assert server.status('PUT', path, data=content.encode()) == 200
    if has_labels(server):
        for label in ['first', 'second']:
            assert server.status('PUT', '/studies/%s/labels/%s' % (a[0]['ParentStudy'], label), data='') == 200
    assert server.status('PUT', '/modalities/receiver',
                         json={'AET': 'RECEIVER', 'Host': receiver, 'Port': 11112}) == 200
    server.post('/modalities/receiver/store', [e[0]['ID'], b[0]['ID']])
    assert server.status('DELETE', '/patients/' + c[0]['ParentPatient']) == 200
    remaining = server.json('DELETE', '/series/' + a[3]['ParentSeries'])['RemainingAncestor']
    assert remaining['ID'] == a[0]['ParentStudy']
    return {'protected': a[0]['ParentPatient'], 'study': a[0]['ParentStudy'], 'oldest': b[0]['ParentPatient'],
            'instance': b[0]['ID']}


def has_labels(server):
    return server.get('/system').get('HasLabels', False)


def sorted_by_id(items):
    return sorted(items, key=lambda item: item['ID'] if isinstance(item, dict) else item)


def read_answers(server):
    """By request: JSON, or the bytes of files."""
    wait_until(lambda: all(item['IsStable'] for level in ['patients', 'studies', 'series']
                           for item in server.get('/%s?expand' % level)), 30, 'all resources are stable', 0.5)
    answers = {path: server.get(path) for path in
               ['/statistics', '/changes?limit=1000', '/changes?last', '/changes?since=3&limit=4', '/exports',
                '/exports?last', '/modalities?expand']}
    for level in ['patients', 'studies', 'series', 'instances']:
        resources = server.get('/%s?expand' % level)
        answers['/%s?expand' % level] = sorted_by_id(resources)
        for resource in resources:
            read_resource(server, '/%s/%s' % (level, resource['ID']), answers)
    for query in [{'Level': 'Patient', 'Query': {}}, {'Level': 'Study', 'Query': {'PatientName': 'Adopted*'}},
                  {'Level': 'Study', 'Query': {'PatientID': 'Adopted A'}},
                  {'Level': 'Study', 'Query': {'PatientName': '*dopted ?'}},
                  {'Level': 'Study', 'Query': {'StudyDate': '20191231-20200101', 'ModalitiesInStudy': 'OT'}},
                  {'Level': 'Series', 'Query': {'Modality': 'ot'}, 'CaseSensitive': False},
                  {'Level': 'Instance', 'Query': {'InstanceNumber': '2'}},
                  {'Level': 'Study', 'Query': {'AccessionNumber': 'none'}}]:
        answers['/tools/find ' + str(query)] = sorted_by_id(server.post('/tools/find', {**query, 'Expand': True}))
    for instance in server.get('/instances'):
        uid = server.get('/instances/%s/simplified-tags' % instance)['SOPInstanceUID']
        answers['/tools/lookup ' + uid] = server.json('POST', '/tools/lookup', data=uid)
    if has_labels(server):
        for constraint in ['All', 'Any', 'None']:
            query = {'Level': 'Study', 'Query': {}, 'Labels': ['first'], 'LabelsConstraint': constraint}
            answers['/tools/find ' + str(query)] = sorted(server.post('/tools/find', query))
        answers['/tools/labels'] = server.get('/tools/labels')
    return answers


def read_resource(server, path, answers):
    level = path.split('/')[1]
    for suffix in ['', '/metadata?expand', '/attachments', '/statistics' if level != 'instances' else '/tags',
                   *(['/protected'] if level == 'patients' else []), *(['/labels'] if has_labels(server) else [])]:
        answers[path + suffix] = server.get(path + suffix)
    for attachment in server.get(path + '/attachments'):
        base = '%s/attachments/%s' % (path, attachment)
        for suffix in ['/size', '/compressed-size', '/is-compressed', '/md5', '/compressed-md5', '/data']:
            answers[base + suffix] = server.request('GET', base + suffix).content


def find_differences(old, new, path=''):
    """Where the answers of the new server differ, but for what newer cores add."""
    if isinstance(old, dict) and isinstance(new, dict):
        added = set(new) - set(old) - ADDED_FIELDS - (ADDED_METADATA if '/metadata' in path else set())
        lines = ['%s: added %s' % (path, sorted(added))] if added and path else []
        lines += ['%s: lost %s' % (path, sorted(set(old) - set(new)))] if set(old) - set(new) else []
        return lines + [line for key in set(old) & set(new)
                        for line in find_differences(old[key], new[key], path + ' ' + str(key))]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        if all(isinstance(item, str) for item in old + new):
            old, new = sorted(old), sorted(new)  # children, in an order that old plugins did not care about
        return [line for number, pair in enumerate(zip(old, new))
                for line in find_differences(*pair, '%s[%d]' % (path, number))]
    return [] if old == new else ['%s: %.200r became %.200r' % (path, old, new)]


def read_script():
    return (pathlib.Path(__file__).resolve().parents[1] / 'Rollback' / 'to-stock.sql').read_text()
