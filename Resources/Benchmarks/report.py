# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as text: one table of times, one of costs."""

import json
import os
import platform
import time

COSTS = [('databaseCpu', 'PG CPU ms', 1000), ('orthancCpu', 'Orthanc CPU ms', 1000), ('wal', 'WAL kB', 0.001),
         ('statements', 'statements', 1), ('roundTrips', 'round trips', 1),
         ('driverCpu', 'driver CPU ms', 1000)]
SETTINGS = ['fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'shared_buffers', 'max_wal_size',
            'max_connections', 'shared_preload_libraries', 'jit']


def read_processor():
    with open('/proc/cpuinfo') as info:
        names = [line.split(':', 1)[1].strip() for line in info if line.startswith('model name')]
    return names[0] if names else platform.machine()


def describe_machine():
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30)
    return {'date': time.strftime('%Y-%m-%d %H:%M'), 'processors': os.cpu_count(), 'processor': read_processor(),
            'memoryGiB': round(memory, 1), 'kernel': platform.release(),
            'load': [round(value, 2) for value in os.getloadavg()]}


def describe_cluster(cluster):
    system = cluster.client().get('/system')
    plugin = cluster.client().get('/plugins/postgresql-index') if system['DatabaseBackendPlugin'] else {}
    settings = cluster.psql.query("SELECT name, setting || COALESCE(unit, '') FROM pg_settings WHERE name IN (%s)"
                                  " ORDER BY name" % ', '.join("'%s'" % name for name in SETTINGS))
    return {'plugins': cluster.plugins.text, 'orthanc': system['Version'], 'plugin': plugin.get('Version', 'none'),
            'postgresql': cluster.psql.query('SHOW server_version')[0][0], 'settings': dict(settings)}


def number(value):
    if value is None:
        return '-'
    return '%.0f' % value if abs(value) >= 1000 else '%.3g' % value if abs(value) < 1 else '%.1f' % value


def ratio(value):
    return '-' if value is None else '%.2f' % value


def format_table(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return '\n'.join('  '.join(text.ljust(width) if column == 0 else text.rjust(width)
                               for column, (text, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def format_times(results):
    lines = [['row', 'unit', 'A median', 'B median', 'A p95', 'B p95', 'A per s', 'B per s', 'A is x times as fast',
              'by repetition', 'other load']]
    for result in results:
        a, b = result['A'], result['B']
        ratios = result['ratios']
        load = max((side.get('costs', {}).get('otherProcessors', 0) for side in (a, b)), default=0)
        lines.append([result['row'], result['unit'], *[number(side.get(name)) for name in ('median', 'p95', 'rate')
                                                       for side in (a, b)], ratio(result['ratio']),
                      '%.2f-%.2f' % (min(ratios), max(ratios)) if ratios else '-', '%.2f' % load])
    return format_table(lines)


def format_costs(results):
    names = [cost for cost in COSTS if any(cost[0] in side.get('costs', {}) for result in results
                                           for side in (result['A'], result['B']))]
    lines = [['per operation'] + [text for _, title, _ in names for text in (title + ' A', 'B', 'A/B')]]
    for result in results:
        line = [result['row']]
        for name, _, factor in names:
            a, b = [side.get('costs', {}).get(name) for side in (result['A'], result['B'])]
            line += [number(None if a is None else a * factor), number(None if b is None else b * factor),
                     ratio(a / b if a is not None and b else None)]
        lines.append(line)
    return format_table(lines)


def format_problems(results):
    return ['%s, %s: %s' % (result['row'], result['labels'][index], side['problem'])
            for result in results for index, side in enumerate((result['A'], result['B'])) if 'problem' in side] + [
            '%s, %s: %d requests were refused' % (result['row'], result['labels'][index], side['errors'])
            for result in results for index, side in enumerate((result['A'], result['B'])) if side.get('errors')]


def format_profiles(results):
    texts = []
    for result in results:
        for label, profile in zip(result['labels'], result['profiles']):
            if profile:
                texts.append('%s, %s: calls, total ms, mean ms, WAL bytes, statement\n%s' % (
                    result['row'], label, '\n'.join('  ' + '  '.join(line) for line in profile)))
    return texts


def write(report, path):
    results = report['results']
    parts = [json.dumps({name: value for name, value in report.items() if name not in ('results', 'sql')}, indent=1)]
    for labels in sorted({tuple(result['labels']) for result in results}):
        chosen = [result for result in results if tuple(result['labels']) == labels]
        parts += ['A = %s, B = %s' % labels, format_times(chosen), format_costs(chosen)]
    if report.get('sql'):
        parts.append('The SQL layer alone\n' + format_table(report['sql']))
    problems = format_problems(results)
    parts += ['Not measured:\n' + '\n'.join(problems)] if problems else []
    text = '\n\n'.join(parts + format_profiles(results)) + '\n'
    print('\n' + text)
    if path:
        with open(path + '.json', 'w') as file:
            json.dump(report, file, indent=1)
        with open(path + '.txt', 'w') as file:
            file.write(text)
