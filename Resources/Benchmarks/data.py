# SPDX-License-Identifier: GPL-3.0-or-later
"""The synthetic patients of synthetic.sql, and the DICOM files that are uploaded."""

import hashlib
import pathlib
import subprocess

from dicom_files import make_instance

SCRIPT = pathlib.Path(__file__).with_name('synthetic.sql')
INSTANCES_PER = {'patient': 40, 'study': 20, 'series': 10, 'instance': 1}


def fill(cluster, instances):
    """Brings the synthetic part of the index to so many instances."""
    instances = instances // 40 * 40
    if instances <= cluster.instances:
        return
    if cluster.instances == 0:
        cluster.client().request('POST', '/instances', make_instance('Template'))
    done = subprocess.run(
        ['docker', 'exec', '--interactive', cluster.database, 'psql', '--no-psqlrc', '--quiet', '--dbname=orthanc',
         '--set=first=%d' % cluster.instances, '--set=last=%d' % instances],
        input=SCRIPT.read_text(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError('Set %s: %s' % (cluster.label, done.stdout))
    cluster.instances = instances


def public_id(level, number):
    """The Orthanc id of the synthetic resource of that number."""
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
    digits = md5(level + str(number)) + md5(str(number) + level)[:8]
    return '-'.join(digits[start:start + 8] for start in range(0, 40, 8))


def spread(cluster, level, number):
    """The resource to ask for in the turn "number": all over the set, and the same for all sets of plugins."""
    return number * 7919 % (cluster.instances // INSTANCES_PER[level])


def patient_name(number):
    return 'FAMILY%d^GIVEN%d' % (number % 997, number)
