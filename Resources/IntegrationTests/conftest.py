# SPDX-License-Identifier: GPL-3.0-or-later
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'Samples'))

from deployment import Deployment  # noqa: E402
from dicom_files import make_study, real_files  # noqa: E402


DEPLOYMENTS = {
    'postgresql': ('docker-compose.yml', ['orthanc1', 'orthanc2', 'orthanc3']),
    'sqlite': ('docker-compose.sqlite.yml', ['orthanc1', 'orthanc2']),
}

# About half of the time of all; the other files are the second lane.
FIRST_LANE = ['test_chaos.py', 'test_control.py', 'test_directory.py', 'test_durability.py', 'test_stability.py']

# Dead replicas are noticed soon, and no job is given up because of them
SHORT_LEASE = {'Registry': {'LeaseSeconds': 5, 'HeartbeatSeconds': 1, 'MaxAttempts': 100, 'MaxCrashes': 100,
                            'HistorySize': 1000000}}


def pytest_addoption(parser):
    parser.addoption('--long', action='store_true', help='the long form of the tests of failures')
    parser.addoption('--large', action='store_true', help='an archive of 2 GiB instead of 100 MiB')
    parser.addoption('--lane', choices=['first', 'second', 'alone'],
                     help='one of the two parts that run side by side, or those that need the machine for themselves')


def pytest_configure(config):
    config.addinivalue_line('markers', 'alone: asserts a figure that other tests at the same time would spoil')
    config.addinivalue_line('markers', 'long: only with --long')


def pytest_collection_modifyitems(config, items):
    lane = config.getoption('--lane')

    def lane_of(item):
        if item.get_closest_marker('alone'):
            return 'alone'
        return 'first' if item.path.name in FIRST_LANE else 'second'

    def is_selected(item):
        return (lane in (None, lane_of(item))
                and (config.getoption('--long') or not item.get_closest_marker('long')))
    config.hook.pytest_deselected(items=[item for item in items if not is_selected(item)])
    items[:] = [item for item in items if is_selected(item)]


@pytest.fixture(scope='session')
def is_long(request):
    return request.config.getoption('--long')


def run(request, name='', **options):
    compose_file, replicas = DEPLOYMENTS[request.param]
    failures = request.session.testsfailed
    deployment = Deployment(name + request.param, compose_file, replicas, **options)
    with deployment.running(show_logs=lambda: request.session.testsfailed > failures):
        yield deployment


@pytest.fixture(scope='session', params=DEPLOYMENTS)
def cluster(request):
    """Orthanc 1.13 behind HAProxy: three replicas on PostgreSQL, and two on one SQLite file."""
    yield from run(request)


@pytest.fixture(scope='module', params=DEPLOYMENTS)
def trixie_cluster(request):
    """The same with Orthanc 1.12.7, the one of Debian trixie."""
    yield from run(request, orthanc_suite='trixie')


@pytest.fixture(scope='module', params=DEPLOYMENTS)
def short_lease_cluster(request):
    """The first one again, with leases of five seconds."""
    yield from run(request, 'short-', options=SHORT_LEASE)


@pytest.fixture(scope='session')
def valid_files():
    """Contents of DICOM files: of several modalities and transfer syntaxes if the real ones are there."""
    return [path.read_bytes() for path in real_files('valid') + real_files('hierarchy')] or make_study(20)


@pytest.fixture(scope='session')
def broken_files():
    real = [path.read_bytes() for path in real_files('broken')]
    return real or [make_study(1)[0][:200], b'no DICOM at all']


@pytest.fixture
def make_patient():
    """make_patient(server, count): uploads a new generated patient of one study, answers its Orthanc ids."""
    def make(server, count=1, patient='Generated'):
        answers = [server.upload(content) for content in make_study(count, patient)]
        return {'study': answers[0]['ParentStudy'], 'series': answers[0]['ParentSeries'],
                'patient': answers[0]['ParentPatient'], 'instances': [answer['ID'] for answer in answers]}
    return make
