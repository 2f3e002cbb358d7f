# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks of the SQL layer (the *.cpp beside), which need no Orthanc: built from this tree and run."""

import json
import pathlib
import subprocess

from cluster import PREFIX

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD_IMAGE = 'orthanc-registry/build:forky'


def run(options):
    """The table of the results."""
    done = subprocess.run(
        ['docker', 'run', '--rm', '--init', '--name', PREFIX + 'sql', '--volume', '%s:/source:ro' % SOURCE,
         '--volume', 'orthanc-registry-ccache-forky:/ccache', BUILD_IMAGE, '/source/Resources/Benchmarks/sql_layer.sh'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    return make_table(json.loads(done.stdout)['benchmarks'])


def make_table(benchmarks):
    lines = [['row', 'per second', 'median ms', 'p99 ms']]
    for benchmark in benchmarks:
        name = benchmark['name'].replace('/manual_time', '').replace('/real_time', '').split('/iterations')[0]
        rate = benchmark.get('items_per_second', 1000 / benchmark['real_time'])
        lines.append([name, 'failed: ' + benchmark['error_message'][:60] if benchmark.get('error_occurred') else
                      '%.0f' % rate] + ['%.2f' % benchmark[key] if key in benchmark else '-'
                                        for key in ('median_ms', 'p99_ms')])
    return lines
