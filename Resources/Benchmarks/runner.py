# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a row on two clusters in turn, and keeps what was measured."""

import statistics

from measure import Costs, top_statements
from rows import Unsupported


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Side:
    """What a row has measured on one set of plugins."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.runs = []
        self.costs = []
        self.problem = None
        self.profile = None

    def add(self, run, costs):
        self.runs.append(run)
        other, seconds = costs.pop('otherCpu'), costs.pop('time')
        self.costs.append({name: value / max(1, run.operations) for name, value in costs.items()})
        self.costs[-1]['otherProcessors'] = other / seconds

    def summary(self):
        if self.problem is not None or not self.runs:
            return {'problem': self.problem or 'nothing measured'}
        values = [value for run in self.runs for value in run.values]
        rates = [run.operations / run.seconds for run in self.runs]
        names = set().union(*self.costs)
        return {'median': statistics.median(values), 'p95': percentile(values, 0.95), 'rate': statistics.median(rates),
                'count': len(values), 'errors': sum(run.errors for run in self.runs),
                'medians': [statistics.median(run.values) for run in self.runs], 'rates': rates,
                'costs': {name: statistics.median(costs.get(name, 0) for costs in self.costs) for name in sorted(names)}}


def compare(row, a, b):
    """How many times as fast A is: over all, and in each repetition."""
    if 'problem' in a or 'problem' in b:
        return None, []
    if row.by_rate:
        return a['rate'] / b['rate'], [x / y for x, y in zip(a['rates'], b['rates'])]
    if min(a['medians'] + b['medians']) <= 0:
        return None, []
    return b['median'] / a['median'], [y / x for x, y in zip(a['medians'], b['medians'])]


def guarded(side, action):
    """What a set cannot do, or fails to do, is a result too."""
    if side.problem is not None:
        return None
    try:
        return action()
    except Unsupported as error:
        side.problem = str(error)
    except Exception as error:  # pylint: disable=broad-except
        side.problem = '%s: %.300s' % (type(error).__name__, error)
    return None


def run_once(row, side, seconds, is_measured):
    row.before(side.cluster)
    costs = Costs(side.cluster)
    costs.start()
    run = row.run(side.cluster, seconds)
    difference = costs.stop()
    if is_measured:
        side.add(run, difference)


def run_row(row, clusters, options, label):
    sides = [Side(cluster) for cluster in clusters]
    for side in sides:
        guarded(side, lambda: row.prepare(side.cluster))
        guarded(side, lambda: run_once(row, side, min(1, options.seconds), False))
        if options.profile and side.cluster.psql is not None:
            side.cluster.psql.query('SELECT pg_stat_statements_reset() IS NULL')
    for repetition in range(options.repeat):
        for side in sides if repetition % 2 == 0 else reversed(sides):
            guarded(side, lambda: run_once(row, side, options.seconds, True))
    for side in sides:
        if options.profile and side.cluster.psql is not None:
            side.profile = guarded(side, lambda: top_statements(side.cluster))
        problem, side.problem = side.problem, None
        guarded(side, lambda: row.finish(side.cluster))
        side.problem = problem or side.problem
    a, b = [side.summary() for side in sides]
    ratio, ratios = compare(row, a, b)
    return {'row': label, 'description': row.description, 'unit': row.unit, 'byRate': row.by_rate,
            'A': a, 'B': b, 'labels': [cluster.label for cluster in clusters], 'ratio': ratio, 'ratios': ratios,
            'profiles': [side.profile for side in sides]}
