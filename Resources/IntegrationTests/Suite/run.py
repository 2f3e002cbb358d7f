# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the suite against a server that has been started, and compares what passes with what is expected."""

import argparse
import base64
import contextlib
import functools
import io
import json
import pathlib
import runpy
import signal
import sys
import time
import traceback
import unittest
import urllib.request

import python2

HERE = pathlib.Path(__file__).parent
TEST_SECONDS = 90
START_SECONDS = 90
CREDENTIALS = b'alice:orthanctest'  # those of the suite
PASSED, FAILED, NOT_RUN = 'passed', 'failed', 'not run'


class TooLong(Exception):
    pass


def give_up(*_):
    raise TooLong('not ended within %d seconds' % TEST_SECONDS)


def read_outcome(error, directory):
    """Of an exception: what to say about the test. Sample files that the checkout lacks are nobody's failure."""
    kind, exception, trace = error
    if issubclass(kind, FileNotFoundError) and str(exception.filename).startswith(str(directory)):
        return NOT_RUN, 'no sample file ' + pathlib.Path(exception.filename).name
    lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename.endswith('Tests.py')]
    text = ' '.join(str(exception).split())[:200]
    return FAILED, 'line %s: %s: %s' % (lines[-1] if lines else '?', kind.__name__, text)


class Result(unittest.TestResult):
    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self.outcomes = {}
        self.output = io.StringIO()  # of the suite itself

    def startTest(self, test):
        super().startTest(test)
        self.start = time.monotonic()
        self.outcome = (PASSED, '')
        self.output.seek(0)
        self.output.truncate()
        signal.alarm(TEST_SECONDS)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        self.outcomes[test._testMethodName] = self.outcome
        print('%-8s %5.1f s  %s  %s' % (self.outcome[0], time.monotonic() - self.start, test._testMethodName,
                                        self.outcome[1]), file=sys.__stdout__)

    def addError(self, test, error):
        outcome, reason = read_outcome(error, self.directory)
        printed = self.output.getvalue().splitlines()[1:]  # the first line names the test
        self.outcome = (outcome, ' | '.join([reason, *printed[-2:]]) if outcome == FAILED else reason)

    addFailure = addError

    def addSkip(self, test, reason):
        self.outcome = (NOT_RUN, reason)


class Runner:
    """In the place of the one of unittest"""

    def __init__(self, result):
        self.result = result

    def run(self, tests):
        tests(self.result)
        return self.result


def wait_for_replicas(url, count):
    """Until that many replicas have answered, whatever is between them and us."""
    request = urllib.request.Request(url + '/system', headers={
        'Authorization': 'Basic ' + base64.b64encode(CREDENTIALS).decode()})
    deadline = time.monotonic() + START_SECONDS
    names = set()
    while len(names) < count:
        if time.monotonic() > deadline:
            raise SystemExit('Only these replicas have answered: %s' % sorted(names))
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                names.add(json.load(answer)['Name'])
        except OSError:
            time.sleep(0.1)


def run_suite(options, exceptions):
    """The outcomes by test. Exceptions are only run if they are named: they may leave something behind."""
    suite = options.suite_directory.resolve()
    sys.path.insert(0, str(suite / 'Tests'))
    toolbox = python2.load(suite / 'Tests' / 'Toolbox.py')

    class Http(toolbox.httplib2.Http):
        def request(self, *arguments, **more):
            return python2.lift(super().request(*arguments, **more))

    def decode(content):
        try:
            return json.loads(bytes(content))
        except ValueError:
            return content.decode() if content.isascii() else content

    toolbox.httplib2 = python2.changed(toolbox.httplib2, Http=Http)
    toolbox.DecodeJson = decode
    tests = python2.load(suite / 'Tests' / 'Tests.py')
    names = options.tests or [name for name in unittest.TestLoader().getTestCaseNames(tests.Orthanc)
                              if name not in exceptions]

    signal.signal(signal.SIGALRM, give_up)
    result = Result(suite / 'Tests' / '..' / 'Database')
    unittest.main = functools.partial(unittest.main, exit=False, testRunner=Runner(result))
    sys.argv = ['Run.py', '--force', '--server', options.server, '--rest', str(options.rest), '--orthanc',
                str(HERE / 'partner.py'), *['Orthanc.' + name for name in names]]
    with contextlib.redirect_stdout(result.output):
        runpy.run_path(str(suite / 'Tests' / 'Run.py'), run_name='__main__')
    skipped = {} if options.tests else exceptions
    return {**{name: (NOT_RUN, reason) for name, reason in skipped.items()}, **result.outcomes}


def read_exceptions(path, configuration):
    """Lines of "test configuration,... reason"."""
    exceptions = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith('#'):
            test, configurations, reason = line.split(maxsplit=2)
            if configuration in configurations.split(','):
                exceptions[test] = reason
    return exceptions


def report(outcomes, expected, exceptions):
    """Prints the comparison; true if there is nothing unexpected."""
    def having(outcome):
        return [test for test in sorted(outcomes) if outcomes[test][0] == outcome]

    def show(title, tests, describe):
        if tests:
            print('\n' + title)
            for test in tests:
                print('  %s: %s' % (test, describe(test)))

    def reason(test):
        return outcomes[test][1] or outcomes[test][0]

    missing = [test for test in sorted(expected) if outcomes.get(test, (NOT_RUN,))[0] != PASSED]
    regressions = [test for test in missing if test not in exceptions]
    show('Not run, and not expected:', [test for test in having(NOT_RUN) if test not in expected], reason)
    show('Known exceptions:', [test for test in missing if test in exceptions], exceptions.get)
    show('Exceptions that pass:', [test for test in having(PASSED) if test in exceptions], exceptions.get)
    show('Passed, but not expected:', [test for test in having(PASSED) if test not in expected], reason)
    show('Failed, and not expected:', [test for test in having(FAILED) if test not in expected], reason)
    show('EXPECTED TO PASS:', regressions, lambda test: reason(test) if test in outcomes else 'unknown to the suite')
    print('\n%d passed, %d failed, %d not run, of %d; %d of %d expected ones passed' % (
        *[len(having(outcome)) for outcome in (PASSED, FAILED, NOT_RUN)], len(outcomes),
        len(expected) - len(missing), len(expected)))
    return not regressions


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument('--suite-directory', type=pathlib.Path, required=True)
    parser.add_argument('--server', required=True)
    parser.add_argument('--rest', type=int, required=True)
    parser.add_argument('--replicas', type=int, required=True)
    parser.add_argument('--expected', type=pathlib.Path, required=True)
    parser.add_argument('--exceptions', type=pathlib.Path, required=True)
    parser.add_argument('--configuration', required=True)
    parser.add_argument('tests', nargs='*')
    return parser.parse_args()


if __name__ == '__main__':
    options = parse_arguments()
    expected = set(options.expected.read_text().split())
    if options.tests:
        expected &= set(options.tests)
    exceptions = read_exceptions(options.exceptions, options.configuration)
    wait_for_replicas('http://%s:%d' % (options.server, options.rest), options.replicas)
    outcomes = run_suite(options, exceptions)
    sys.exit(0 if report(outcomes, expected, exceptions) else 1)
