# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker, waiting and ports: for the tests and the benchmarks."""

import socket
import subprocess
import time


def docker(*arguments):
    done = subprocess.run(['docker', *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, 'docker %s: %s' % (' '.join(arguments), done.stderr)
    return done.stdout.strip()


def docker_output(*arguments):
    """Both streams in one: containers log to both."""
    return subprocess.run(['docker', *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def docker_logs(container):
    return docker_output('logs', '--tail', '80', container)


def wait_until(condition, seconds, what, interval=0.05):
    """The first true value of condition(), or a failure that says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError('not within %g s: %s' % (seconds, what))
        time.sleep(interval)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
