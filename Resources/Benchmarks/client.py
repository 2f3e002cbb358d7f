# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP client that costs little CPU itself, and the loops that measure with it."""

import http.client
import json
import socket
import threading
import time

# Orthanc closes a connection that was idle for one second
REUSE_SECONDS = 0.5


class HttpError(Exception):
    pass


class Client:
    """One kept connection to the REST API; for one thread at a time."""

    def __init__(self, host, port=8042):
        self.host = host
        self.port = port
        self.connection = None
        self.used = 0

    def request(self, method, path, body=None):
        """The bytes of an answer with status 200, else an error."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if self.connection is None or time.monotonic() - self.used > REUSE_SECONDS:
            self.open()
        try:
            self.connection.request(method, path, body)
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise
        self.used = time.monotonic()
        if response.status != 200:
            raise HttpError('%s %s: %d %s' % (method, path, response.status, content[:300]))
        return content

    def open(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=600)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def json(self, method, path, body=None):
        return json.loads(self.request(method, path, body))

    def get(self, path):
        return self.json('GET', path)

    def post(self, path, body):
        return self.json('POST', path, body)

    def submit(self, path, body):
        """The id of a job that is run asynchronously."""
        return self.post(path, {'Asynchronous': True, **body})['ID']


class Run:
    """What one run of a row has measured: values (smaller is better) of so many operations in so many seconds."""

    def __init__(self, values, seconds, operations=None, errors=0):
        self.values = values
        self.seconds = seconds
        self.operations = len(values) if operations is None else operations
        self.errors = errors


def milliseconds(action):
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


def repeat(action, seconds, minimum=3, maximum=100000):
    """Calls action(0), action(1), ... for about that long."""
    values = []
    start = time.perf_counter()
    while len(values) < maximum and (len(values) < minimum or time.perf_counter() - start < seconds):
        number = len(values)
        values.append(milliseconds(lambda: action(number)))
    return Run(values, time.perf_counter() - start)


def repeat_in_threads(actions, seconds):
    """Each of the actions in a thread of its own: called with 0, 1, ... until the time is up or it answers False.
    Answers of the server that are no success are counted, not raised."""
    values = [[] for _ in actions]
    errors = [0 for _ in actions]
    barrier = threading.Barrier(len(actions) + 1)
    deadline = [0.0]

    def work(thread):
        barrier.wait()
        number = 0
        while time.perf_counter() < deadline[0]:
            start = time.perf_counter()
            try:
                if actions[thread](number) is False:
                    break
                values[thread].append(1000 * (time.perf_counter() - start))
            except HttpError:
                errors[thread] += 1
            number += 1

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(len(actions))]
    for thread in threads:
        thread.start()
    start = time.perf_counter()
    deadline[0] = start + seconds
    barrier.wait()
    for thread in threads:
        thread.join()
    return Run(sum(values, []), time.perf_counter() - start, errors=sum(errors))
