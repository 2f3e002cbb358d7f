# SPDX-License-Identifier: GPL-3.0-or-later
"""Our SQLite plugin against the index that is built into Orthanc; and two processes on one file against one."""

from cluster import Cluster, PluginSet
from data import patient_name
from dicom_files import make_study
from rows import RequestRow
from rows_ingest import Ingest

LIBRARY = 'libOrthancSQLiteIndex.so'
PATIENTS = 100


class SQLiteCluster(Cluster):
    """Processes of Orthanc on one file, or one with the built-in index."""

    def __init__(self, plugins, key, options, processes):
        super().__init__(plugins, key, options)
        self.volume('storage')
        self.processes = processes
        for number in range(processes):
            self.start_orthanc('orthanc%d' % (number + 1), self.configuration('process%d' % (number + 1)),
                               self.name('storage'))

    def configuration(self, name, **options):
        whole = super().configuration(name, IndexDirectory='/storage', **options)
        del whole['PostgreSQL']
        whole['Plugins'] = []
        if self.plugins.has(LIBRARY):
            whole['Plugins'] = [self.plugins.path(LIBRARY)]
            whole['SQLite'] = {'EnableIndex': True, 'Path': '/storage/index.sqlite'}
        return whole


def upload_patients(cluster):
    if 'patients' not in cluster.state:
        client = cluster.client()
        for number in range(PATIENTS):
            for content in make_study(10, patient_name(number)):
                client.request('POST', '/instances', content)
        cluster.state['patients'] = PATIENTS


class SQLiteIngest(Ingest):
    needs_postgresql = False

    def __init__(self, threads, same=False):
        super().__init__(threads, same)
        self.name = 'sqlite-' + self.name


class ProcessesIngest(SQLiteIngest):
    """A: two processes, B: one"""

    def __init__(self, threads):
        super().__init__(threads)
        self.name = 'sqlite-processes-%d' % threads
        self.description += '; A: two processes on one file, B: one'


class EachProcessIngest(ProcessesIngest):
    """As many clients as processes"""

    def __init__(self):
        super().__init__(1)
        self.name = 'sqlite-processes-1-each'
        self.description = 'POST /instances by one thread per process, studies of 20; A: two processes on one file, B: one'

    def count_threads(self, cluster):
        return cluster.processes


class SQLiteRequest(RequestRow):
    needs_postgresql = False

    def __init__(self, name, description, request):
        super().__init__('sqlite-' + name, description, request, each_size=False, prepare=upload_patients)


def get_rows(options):
    find = lambda query: ('POST', '/tools/find', {'Level': 'Study', 'Expand': True, **query})
    some = lambda n: '\\'.join(patient_name((n + 7 * k) % PATIENTS) for k in range(10))
    latest = [{'Type': 'DicomTag', 'Key': 'StudyDate', 'Direction': 'DESC'}]
    return [
        SQLiteIngest(1), SQLiteIngest(4), SQLiteIngest(4, True), SQLiteIngest(16), SQLiteIngest(16, True),
        SQLiteRequest('find-exact', '/tools/find: a PatientID, expanded',
                      lambda c, n: find({'Query': {'PatientID': patient_name(n % PATIENTS)}})),
        SQLiteRequest('find-wildcard', '/tools/find: *part of a PatientName*, expanded',
                      lambda c, n: find({'Query': {'PatientName': '*' + patient_name(n % PATIENTS)[1:-1] + '*'}})),
        SQLiteRequest('find-list', '/tools/find: ten PatientIDs, expanded',
                      lambda c, n: find({'Query': {'PatientID': some(n)}})),
        SQLiteRequest('find-ordered', '/tools/find: the latest 20 studies, expanded',
                      lambda c, n: find({'Query': {}, 'OrderBy': latest, 'Limit': 20})),
        SQLiteRequest('find-page', '/tools/find: a page of 20 studies, expanded',
                      lambda c, n: find({'Query': {}, 'Since': n % 50, 'Limit': 20})),
        SQLiteRequest('studies-expand', '/studies?expand', lambda c, n: ('GET', '/studies?expand', None)),
        SQLiteRequest('statistics', '/statistics', lambda c, n: ('GET', '/statistics', None)),
        EachProcessIngest(), ProcessesIngest(4), ProcessesIngest(16),
    ]


def compare(rows, benchmark):
    """Each kind of row on a pair of its own."""
    text = benchmark.options.a
    plugins = PluginSet(text, 'SQLite plugin')
    if not rows or plugins.folder is None or not plugins.has(LIBRARY):
        return
    two = [row for row in rows if isinstance(row, ProcessesIngest)]
    one = [row for row in rows if row not in two]
    for chosen, sides in [
            (one, [(plugins, 1), (PluginSet('none', 'built-in SQLite'), 1)]),
            (two, [(PluginSet(text, 'two processes'), 2), (PluginSet(text, 'one process'), 1)])]:
        if not chosen:
            continue
        for number, (side, processes) in enumerate(sides):
            benchmark.clusters.append(SQLiteCluster(side, 'sqlite%d' % number, benchmark.options, processes))
        for row in chosen:
            benchmark.measure(row, benchmark.clusters, row.name)
        for cluster in benchmark.clusters:
            cluster.stop()
        benchmark.clusters.clear()
