# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration of quickstart.sh, on the network of the deployment: demo.py REPLICA...

Uploads DICOM files and submits jobs through the balancer, and shows /jobs as each replica answers it."""

import os
import sys
import time

import requests

from dicom_files import make_study, real_files

BALANCER = 'http://balancer:8080'
DEADLINE_SECONDS = 120

session = requests.Session()
session.auth = (os.environ['ORTHANC_USER'], os.environ['ORTHANC_PASSWORD'])


def call(method, url, **arguments):
    response = session.request(method, url, timeout=60, **arguments)
    response.raise_for_status()
    return response.json()


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            sys.exit('Gave up waiting: ' + what)
        time.sleep(0.2)


def answers(url):
    try:
        return session.get(url + '/system', timeout=5).status_code == 200
    except requests.RequestException:
        return False


def upload():
    files = [path.read_bytes() for path in real_files('hierarchy') + real_files('valid')]
    kind = 'real'
    if not files:
        kind = 'generated'
        files = [content for patient in ('Ada', 'Grace', 'Rosalind') for content in make_study(10, patient)]
    studies = {call('POST', BALANCER + '/instances', data=content)['ParentStudy'] for content in files}
    print('Uploaded %d %s DICOM files through the balancer: %d studies' % (len(files), kind, len(studies)))
    return sorted(studies)


def jobs_of(replica):
    return {job['ID']: job for job in call('GET', 'http://%s:8042/jobs?expand' % replica)}


def show(submitted, replicas):
    seen = {replica: jobs_of(replica) for replica in replicas}
    print('\n/jobs as each replica answers it (jobs submitted just now):\n')
    print('%-38s%-22s%-12s' % ('job', 'type', 'run by') + ''.join('%-12s' % name for name in replicas))
    for job in sorted(submitted):
        first = seen[replicas[0]].get(job, {})
        states = ''.join('%-12s' % seen[name].get(job, {}).get('State', '-') for name in replicas)
        print('%-38s%-22s%-12s%s' % (job, first.get('Type', ''), first.get('Replica', ''), states))
    same = all(seen[name].keys() == seen[replicas[0]].keys() for name in replicas)
    print('\nTotal in /jobs: %s' % ', '.join('%s %d' % (name, len(seen[name])) for name in replicas)
          + (' (the same jobs)' if same else ' (NOT the same jobs)'))
    return same


def main():
    replicas = sys.argv[1:]
    for url in [BALANCER] + ['http://%s:8042' % name for name in replicas]:
        wait_until(lambda: answers(url), url)
    studies = upload()
    submitted = [call('POST', '%s/studies/%s/anonymize' % (BALANCER, study), json={'Asynchronous': True})['ID']
                 for study in studies[:9]]
    print('Submitted %d anonymizations through the balancer' % len(submitted))

    def all_succeeded():
        views = [jobs_of(replica) for replica in replicas]
        return all(view.get(job, {}).get('State') == 'Success' for view in views for job in submitted)
    wait_until(all_succeeded, 'all jobs in Success on all replicas')
    if not show(submitted, replicas):
        sys.exit(1)


if __name__ == '__main__':
    main()
