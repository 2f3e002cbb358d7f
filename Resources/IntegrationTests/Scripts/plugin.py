# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the Python plugin of the replicas of test_plugins.py."""

import json

import orthanc

REPLICA = json.loads(orthanc.GetConfiguration())['Name']


def on_stored_instance(dicom, instance):
    orthanc.EnqueueValue('stored', instance.encode())


def on_change(change, level, resource):
    if change == orthanc.ChangeType.STABLE_STUDY:
        # By the replica that has told it: there must not be a second one
        key = '%s %s' % (resource, REPLICA)
        orthanc.StoreKeyValue('stable', key, REPLICA.encode())


def answer(output, value):
    output.AnswerBuffer(json.dumps(value), 'application/json')


def read_stored(output, uri, **request):
    """What either replica has stored, taken out of the queue."""
    values = []
    while True:
        value = orthanc.DequeueValue('stored', orthanc.QueueOrigin.FRONT)
        if value is None:
            return answer(output, values)
        values.append(value.decode())


def read_stable(output, uri, **request):
    iterator = orthanc.CreateKeysValuesIterator('stable')
    keys = []
    while iterator.Next():
        keys.append(iterator.GetKey())
    answer(output, keys)


def lookup(output, uri, **request):
    answer(output, orthanc.LookupStudy(request['groups'][0]))


def anonymize(output, uri, **request):
    """Through the core alone, and through the plugins: a local job, and a queued one."""
    call, study = request['groups']
    post = orthanc.RestApiPost if call == 'core' else orthanc.RestApiPostAfterPlugins
    answer(output, json.loads(post('/studies/%s/anonymize' % study, json.dumps({'Asynchronous': True}))))


def is_allowed(uri, **request):
    return not uri.startswith('/python/forbidden')


orthanc.RegisterOnStoredInstanceCallback(on_stored_instance)
if REPLICA != 'stopped':
    # With such a callback version 7.1 of the Python plugin crashes when Orthanc ends, whatever the database
    orthanc.RegisterOnChangeCallback(on_change)
orthanc.RegisterIncomingHttpRequestFilter(is_allowed)
orthanc.RegisterRestCallback('/python/stored', read_stored)
orthanc.RegisterRestCallback('/python/stable', read_stable)
orthanc.RegisterRestCallback('/python/lookup/(.*)', lookup)
orthanc.RegisterRestCallback('/python/anonymize/(core|plugins)/(.*)', anonymize)
