# SPDX-License-Identifier: GPL-3.0-or-later
"""The other plugins that Debian has packages of, beside ours: two replicas on one database, with all of them."""

import collections
import contextlib
import json
import os
import pathlib
import subprocess
import uuid

import pytest

from deployment import docker, docker_logs, docker_output, wait_until
from dicom_files import make_instance, make_study, new_uid

IMAGE = 'orthanc-registry/plugins:' + os.environ.get('ORTHANC_SUITE', 'forky')
OURS = '/usr/share/orthanc/plugins-registry/lib%s.so'
OTHERS = '/usr/share/orthanc/plugins/lib%s.so'
SCRIPT = pathlib.Path(__file__).resolve().parent / 'Scripts' / 'plugin.py'
LOADED = {'OrthancDicomWeb': 'dicom-web', 'OrthancPython': 'python', 'OrthancWebViewer': 'web-viewer',
          'OrthancGdcm': 'gdcm', 'OrthancWSI': 'wsi', 'OrthancNeuro': 'neuro', 'Housekeeper': 'housekeeper',
          'ModalityWorklists': 'worklists', 'ServeFolders': 'serve-folders', 'DelayedDeletion': 'delayed-deletion'}
# The image comes in through the standard input
CUT_INTO_TILES = ('cat > /tmp/slide.png && OrthancWSIDicomizer --orthanc=http://127.0.0.1:8042/ --username=lone'
                  ' --password=secret --tile-width=32 --tile-height=32 /tmp/slide.png')
JPEG_2000 = '1.2.840.10008.1.2.4.90'

Pair = collections.namedtuple('Pair', 'first second containers engine')


def engine_options(cluster):
    """The name of our plugin, and its options."""
    if 'postgresql' in cluster.project:
        return 'OrthancPostgreSQLIndex', {'PostgreSQL': {**cluster.new_database(), 'Lock': False}}
    return 'OrthancSQLiteIndex', {'SQLite': {'EnableIndex': True, 'Path': '/tmp/storage/index.sqlite'}}


def options_of(name, engine, database):
    return {**database, 'Plugins': [OURS % engine, *[OTHERS % other for other in LOADED]],
            'Name': name, 'DatabaseServerIdentifier': name, 'StableAge': 1, 'PythonScript': '/scripts/plugin.py',
            'WebViewer': {'CachePath': '/tmp/viewer'}, 'Housekeeper': {'Enable': True},
            'DelayedDeletion': {'Enable': True, 'Path': '/tmp/deletions.db'},
            'Registry': {'SubmitRoutes': ['/dicom-web/servers/*/stow']},
            'DicomWeb': {'Servers': {'own': ['http://127.0.0.1:8042/dicom-web/', 'lone', 'secret']}}}


def all_plugins(cluster, name, engine, database, mounts):
    return cluster.lone_orthanc(options_of(name, engine, database), image=IMAGE, mounts=mounts,
                                before='mkdir -p /tmp/viewer')


@pytest.fixture(scope='module')
def pair(cluster):
    engine, database = engine_options(cluster)
    with contextlib.ExitStack() as stack:
        mounts = [stack.enter_context(cluster.shared_storage()), '%s:/scripts:ro' % SCRIPT.parent]
        replicas = [stack.enter_context(all_plugins(cluster, name, engine, database, mounts))
                    for name in ('first', 'second')]
        containers, servers = zip(*replicas)
        yield Pair(*servers, containers, engine)


@pytest.fixture
def study(pair):
    """Of three instances, of a patient of its own"""
    answers = [pair.first.upload(content) for content in make_study(3, 'Plugins-' + uuid.uuid4().hex[:8])]
    return {'study': answers[0]['ParentStudy'], 'series': answers[0]['ParentSeries'],
            'instances': [answer['ID'] for answer in answers]}


def wait_job(pair, job):
    """The job as both replicas see it when it has ended well."""
    def views():
        seen = [server.get('/jobs/' + job) for server in (pair.first, pair.second)]
        assert 'Failure' not in [view['State'] for view in seen], seen
        return seen if all(view['State'] == 'Success' for view in seen) else None
    return wait_until(views, 30, 'success of job ' + job)[0]


def tag_of(server, study, tag):
    return server.get('/studies/' + study)['MainDicomTags'][tag]


def test_all_are_loaded(pair):
    ours = {'OrthancPostgreSQLIndex': 'postgresql-index', 'OrthancSQLiteIndex': 'sqlite-index'}[pair.engine]
    for server in (pair.first, pair.second):
        assert set(LOADED.values()) | {ours} <= set(server.get('/plugins'))
        assert ours.split('-')[0] in server.get('/system')['DatabaseBackendPlugin'].lower()


def multipart(contents):
    boundary = uuid.uuid4().hex
    body = b''.join(b'--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n' % (boundary.encode(), content)
                    for content in contents) + b'--%s--\r\n' % boundary.encode()
    return body, 'multipart/related; type="application/dicom"; boundary=' + boundary


def test_dicomweb_server(pair):
    uid = new_uid()
    contents = [make_instance('Stow', study=uid, series=new_uid()) for _ in range(2)]
    body, content_type = multipart(contents)
    json_type = {'Accept': 'application/dicom+json'}
    stored = pair.first.json('POST', '/dicom-web/studies', data=body, headers={**json_type, 'Content-Type': content_type})
    assert len(stored['00081199']['Value']) == 2
    for server in (pair.second, pair.first):
        found = server.get('/dicom-web/studies', params={'StudyInstanceUID': uid}, headers=json_type)
        assert [one['0020000D']['Value'] for one in found] == [[uid]] and found[0]['00201208']['Value'] == [2]
        assert len(server.get('/dicom-web/studies/%s/series' % uid, headers=json_type)) == 2
        assert len(server.get('/dicom-web/studies/%s/metadata' % uid, headers=json_type)) == 2
        retrieved = server.request('GET', '/dicom-web/studies/' + uid,
                                   headers={'Accept': 'multipart/related; type="application/dicom"; transfer-syntax=*'})
        assert retrieved.status_code == 200
        for content in contents:
            assert content[-256:] in retrieved.content


@pytest.mark.parametrize('path', ['/dicom-web', '/cluster/submit/dicom-web'])
def test_dicomweb_client(pair, study, path):
    """A job of the type of a plugin: of the replica that is asked, and queued."""
    body = {'Resources': [study['study']], 'Synchronous': False}
    answer = pair.second.post(path + '/servers/own/stow', body)
    job = wait_job(pair, answer['ID'])
    assert job['Type'] == 'DicomWebStowClient' and job['Content']['InstancesCount'] == '3'


def test_python_callbacks(pair, study):
    received = set()

    def all_received():
        received.update(pair.second.get('/python/stored'))
        return set(study['instances']) <= received
    wait_until(all_received, 10, 'the instances in the queue of the script')
    # Told once, by one of the replicas
    told = wait_until(lambda: [key for key in pair.second.get('/python/stable') if key.startswith(study['study'])], 15,
                      'the script has been told that the study is stable')
    assert len(told) == 1
    uid = tag_of(pair.first, study['study'], 'StudyInstanceUID')
    assert pair.second.get('/python/lookup/' + uid) == study['study']
    assert pair.first.status('GET', '/python/forbidden') == 403


@pytest.mark.parametrize('call', ['core', 'plugins'])
def test_python_makes_jobs(pair, study, call):
    answer = pair.second.get('/python/anonymize/%s/%s' % (call, study['study']))
    job = wait_job(pair, answer['ID'])
    assert job['Type'] == 'ResourceModification'
    anonymized = pair.first.get('/studies/' + job['Content']['ID'])
    assert anonymized['PatientMainDicomTags']['PatientName'].startswith('Anonymized')


def test_web_viewer(pair, study):
    for server in (pair.first, pair.second):
        series = server.get('/web-viewer/series/' + study['series'])
        assert len(series['Slices']) == 3
        image = server.get('/web-viewer/instances/jpeg95-' + series['Slices'][0])
        assert image['Orthanc']['Compression'] == 'Jpeg'


def test_gdcm_transcodes(pair, study):
    for server in (pair.first, pair.second):
        changed = server.request('POST', '/instances/%s/modify' % study['instances'][0], json={'Transcode': JPEG_2000})
        assert changed.status_code == 200 and b'\xff\x4f\xff\x51' in changed.content
    uploaded = pair.first.upload(changed.content)['ID']
    metadata = pair.second.get('/instances/%s/metadata?expand' % uploaded)
    assert metadata['TransferSyntax'] == JPEG_2000


def test_neuro_makes_nifti(pair, valid_files):
    instances = [pair.first.upload(content)['ID'] for content in valid_files]
    geometric = [instance for instance in instances
                 if 'ImageOrientationPatient' in pair.first.get('/instances/%s/simplified-tags' % instance)]
    answers = [pair.second.request('GET', '/instances/%s/nifti' % instance) for instance in geometric]
    assert not geometric or b'n+1\0' in [answer.content[344:348] for answer in answers]


def test_whole_slide(pair):
    """An image is cut into tiles by the tool of that plugin, and its pyramid is served."""
    flat = pair.first.upload(make_instance('Slide', size=64))['ID']
    image = pair.first.request('GET', '/instances/%s/preview' % flat).content
    before = set(pair.first.get('/series'))
    done = subprocess.run(['docker', 'exec', '--interactive', pair.containers[0], 'sh', '-c', CUT_INTO_TILES], input=image,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    made = set(pair.second.get('/series')) - before
    assert done.returncode == 0 and len(made) == 1, done.stdout.decode()
    pyramid = pair.second.get('/wsi/pyramids/' + made.pop())
    assert pyramid['TotalWidth'] == 64
    for server in (pair.first, pair.second):
        tile = server.request('GET', '/wsi/tiles/%s/0/0/0' % pyramid['ID'])
        assert tile.status_code == 200 and tile.headers['Content-Type'].startswith('image/')


def test_orderly_stop(cluster):
    """No plugin makes Orthanc crash at its end."""
    engine, database = engine_options(cluster)
    with all_plugins(cluster, 'stopped', engine, database, ['%s:/scripts:ro' % SCRIPT.parent]) as (container, server):
        series = server.upload(make_instance('Stopped'))['ParentSeries']
        assert server.status('GET', '/web-viewer/series/' + series) == 200
        job = server.submit('/series/%s/anonymize' % series)
        wait_until(lambda: server.get('/jobs/' + job)['State'] == 'Success', 20, 'success of the job')
        docker('stop', '--time', '20', container)
        assert docker('inspect', '--format', '{{ .State.ExitCode }}', container) == '0', docker_logs(container)
        assert 'Orthanc has stopped' in docker_logs(container)


@pytest.mark.parametrize('first, second, message', [
    (OURS % 'OrthancSQLiteIndex', OTHERS % 'OrthancMySQLIndex', 'Another plugin has already registered a custom database'),
    (OTHERS % 'OrthancMySQLIndex', OURS % 'OrthancSQLiteIndex', 'Another plugin has already registered a custom database'),
    (OURS % 'OrthancPostgreSQLIndex', OTHERS % 'OrthancPostgreSQLIndex', "Plugin 'postgresql-index' already registered"),
])
def test_one_database_plugin_only(first, second, message):
    database = {'EnableIndex': True, 'Host': 'nowhere', 'Database': 'none', 'Username': 'none', 'Password': 'none'}
    options = {'Plugins': [first, second], 'MySQL': database, 'PostgreSQL': database, 'SQLite': {'EnableIndex': True},
               'StorageDirectory': '/tmp/storage'}
    name = 'registry-test-two-databases'
    out = docker_output('run', '--rm', '--name', name, '--env', 'CONFIGURATION=' + json.dumps(options), IMAGE, 'sh', '-c',
                        'mkdir /tmp/storage && echo "$CONFIGURATION" > /tmp/orthanc.json'
                        ' && timeout 20 Orthanc /tmp/orthanc.json; echo "exit code $?"')
    assert message in out and 'exit code 255' in out and 'Orthanc has started' not in out
