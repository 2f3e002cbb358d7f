# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: Resources/Rollback/to-stock.sql returns a database to the stock plugin, adopted or not."""

import json
import time

import pytest

from dicom_files import make_instance
from stock import BUILT, STOCK_10_FOLDER, fill, find_differences, read_answers, read_script, run_ours, run_stock

pytestmark = pytest.mark.parametrize('cluster', ['postgresql'], indirect=True)

# Of stock's schema, revision 10, what the plugin finds before it adds three columns itself, by the order of columns
TABLES = {
    'attachedfiles': 'id bigint, filetype integer, uuid character varying, compressedsize bigint, '
                     'uncompressedsize bigint, compressiontype integer, uncompressedhash character varying, '
                     'compressedhash character varying, revision integer, customdata bytea',
    'auditlogs': 'ts timestamp without time zone, sourceplugin text, userid text, resourcetype integer, '
                 'resourceid character varying, action text, logdata bytea',
    'changes': 'seq bigint, changetype integer, internalid bigint, resourcetype integer, date character varying',
    'dicomidentifiers': 'id bigint, taggroup integer, tagelement integer, value text',
    'exportedresources': 'seq bigint, resourcetype integer, publicid character varying, remotemodality text, '
                         'patientid character varying, studyinstanceuid text, seriesinstanceuid text, '
                         'sopinstanceuid text, date character varying',
    'globalintegers': 'key integer, value bigint',
    'globalintegerschanges': 'key integer, value bigint',
    'globalproperties': 'property integer, value text',
    'invalidchildcounts': 'id bigint, updatedat timestamp without time zone',
    'keyvaluestores': 'storeid text, key text, value bytea',
    'labels': 'id bigint, label text',
    'maindicomtags': 'id bigint, taggroup integer, tagelement integer, value text',
    'metadata': 'id bigint, type integer, value text, revision integer',
    'queues': 'id bigint, queueid text, value bytea',
    'resources': 'internalid bigint, resourcetype integer, publicid character varying, parentid bigint, '
                 'childcount integer',
    'serverproperties': 'server character varying, property integer, value text',
}


def rows(cluster, section, sql):
    return [line.split('|') for line in cluster.run_sql(section['Database'], sql).splitlines()]


def check_catalog(cluster, section):
    found = dict(rows(cluster, section, """
        SELECT table_name, string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name NOT LIKE 'shared%' GROUP BY table_name"""))
    assert found == TABLES
    assert rows(cluster, section, """
        SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND relname = ANY('{%s}') AND (tgenabled <> 'D' OR tgname LIKE 'shared%%')
        """ % ','.join(TABLES)) == []
    assert rows(cluster, section, """
        SELECT indexrelid::regclass FROM pg_index WHERE indrelid = ANY('{%s}'::regclass[])
        AND CAST(indexrelid::regclass AS TEXT) LIKE 'shared%%'""" % ','.join(TABLES)) == []
    assert rows(cluster, section, "SELECT property, value FROM GlobalProperties WHERE property IN (1, 4, 10, 13) "
                                  'ORDER BY property') == [['1', '6'], ['4', '6'], ['10', '1'], ['13', '1']]
    check_invariants(cluster, section)


# Collations are left out: the text of our own tables is in the order of the bytes.
CATALOG = """
    SELECT 'column', table_name, column_name, data_type, is_nullable, character_maximum_length::text, column_default
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'shared%'
    UNION ALL SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, indisvalid::text,
      indisunique::text, regexp_replace(pg_get_indexdef(indexrelid), '^[^(]*', ''), ''
    FROM pg_index JOIN pg_class c ON c.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'shared%'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(k.oid), '', '', ''
    FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid
    WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'shared%'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text, tgfoid::regproc::text, '', ''
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', oid::regprocedure::text, md5(prosrc), '', '', '', '' FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname NOT LIKE 'shared%'
    UNION ALL SELECT 'sequence', relname, '', '', '', '', '' FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'shared%'
    UNION ALL SELECT 'property', property::text, value, '', '', '', '' FROM GlobalProperties WHERE property < 20
    UNION ALL SELECT 'total', key::text, '', '', '', '', '' FROM GlobalIntegers"""


def read_catalog(cluster, section):
    return {tuple(row) for row in rows(cluster, section, CATALOG)}


def check_invariants(cluster, section):
    """What stock relies on, counted again."""
    assert rows(cluster, section, """
        SELECT g.key, g.value, t.value FROM GlobalIntegers g JOIN (
          SELECT 0, COALESCE(SUM(compressedSize), 0) FROM AttachedFiles
          UNION ALL SELECT 1, COALESCE(SUM(uncompressedSize), 0) FROM AttachedFiles
          UNION ALL SELECT k, (SELECT COUNT(*) FROM Resources WHERE resourceType = k - 2) FROM generate_series(2, 5) k
          UNION ALL SELECT 6, last_value FROM Changes_seq_seq) AS t (key, value) ON g.key = t.key
        WHERE g.value <> t.value""") == []
    assert rows(cluster, section, 'SELECT COUNT(*) FROM GlobalIntegers') == [['7']]
    assert rows(cluster, section, """
        SELECT internalId FROM Resources p WHERE resourceType < 3 AND childCount IS DISTINCT FROM
          (SELECT COUNT(*) FROM Resources c WHERE c.parentId = p.internalId)""") == []
    assert rows(cluster, section, """
        SELECT internalId FROM Resources WHERE resourceType = 0 AND internalId NOT IN
          (SELECT id FROM Metadata WHERE type = 19 AND CAST(value AS BIGINT) <=
             (SELECT last_value FROM PatientRecyclingOrderSequence))""") == []


@pytest.mark.parametrize('origin', ['own', 'forky'] + BUILT)
def test_database_returns_to_stock(cluster, origin):
    """Made by this plugin, adopted from revision 1, adopted from revision 10."""
    section = cluster.new_database()
    with cluster.shared_storage() as mount, cluster.storescp() as receiver:
        if origin == 'own':
            with run_ours(cluster, section, mount) as (_, server):
                filled = fill(server, receiver.modality)
                before = read_answers(server)
        else:
            with run_stock(cluster, origin, section, mount) as (_, server):
                filled = fill(server, receiver.modality)
            with run_ours(cluster, section, mount) as (_, server):
                server.upload(make_instance('Uploaded after the adoption'))
                changed = server.upload(make_instance('Deleted after the adoption'))
                assert server.status('DELETE', '/instances/' + changed['ID']) == 200
                before = read_answers(server)
                with pytest.raises(AssertionError, match='stop all Orthanc servers first'):
                    cluster.run_sql(section['Database'], read_script())

        begin = time.monotonic()
        cluster.run_sql(section['Database'], read_script())
        print('way back of %s: %.1f s' % (origin, time.monotonic() - begin))
        check_catalog(cluster, section)
        if STOCK_10_FOLDER:
            check_stock_works(cluster, section, mount, before, filled)

        # And forth again
        with run_ours(cluster, section, mount) as (_, server):
            if not STOCK_10_FOLDER:
                assert find_differences(before, read_answers(server)) == []
            server.upload(make_instance('Uploaded at last'))
            for patient in server.get('/patients'):
                assert server.status('DELETE', '/patients/' + patient) == 200
            assert server.get('/statistics')['TotalDiskSizeMB'] == server.get('/statistics')['CountInstances'] == 0


def test_another_schema_returns_to_stock(cluster):
    """Where stock adds no columns, because it only looks for tables in the schema "public"."""
    section = {**cluster.new_database(), 'Schema': 'elsewhere'}
    cluster.run_sql(section['Database'], 'CREATE SCHEMA elsewhere')
    with cluster.shared_storage() as mount, cluster.storescp() as receiver:
        with run_ours(cluster, section, mount) as (_, server):
            fill(server, receiver.modality)
            before = read_answers(server)
        with pytest.raises(AssertionError, match='not one that the registry uses'):
            cluster.run_sql(section['Database'], read_script())
        cluster.run_sql(section['Database'], read_script(), schema='elsewhere')
        assert rows(cluster, section, """
            SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'elsewhere'
            AND (column_name = 'pk' OR column_name = 'reserveduntil') ORDER BY table_name""") == [
                ['globalintegerschanges', 'pk'], ['invalidchildcounts', 'pk'], ['queues', 'reserveduntil']]
        if STOCK_10_FOLDER:
            with run_stock(cluster, 'built', section, mount) as (_, server):
                assert find_differences(before, read_answers(server)) == []
                new = server.upload(make_instance('Uploaded to stock'))
                assert server.status('DELETE', '/instances/' + new['ID']) == 200
                before = read_answers(server)
        with run_ours(cluster, section, mount) as (_, server):
            after = read_answers(server)
            assert find_differences(before, after) == []


MODALITY = {'AET': 'STORE', 'Host': 'pacs', 'Port': 104}


def test_modalities_and_peers_return_to_stock(cluster):
    section = cluster.new_database()
    with cluster.shared_storage() as mount:
        with run_ours(cluster, section, mount):
            pass
        cluster.run_sql(section['Database'], """
            UPDATE SharedDirectories SET importedAt = 1;
            INSERT INTO SharedModalities (name, revision, version, configuration, changedAt)
            VALUES ('kept', 1, 1, '%s', 1), ('gone', 2, 2, NULL, 1);
            INSERT INTO SharedPeers (name, revision, version, configuration, changedAt, secrets, keyId)
            VALUES ('open', 1, 1, '{"Url": "https://there/", "Username": "me", "HttpHeaders": ["Token"]}', 1,
                    '{"Password": "secret", "HttpHeaders": {"Token": "abc"}}', NULL),
                   ('bare', 1, 2, '{"Url": "http://here/"}', 1, '{"UrlUser": "a:b"}', NULL),
                   ('locked', 1, 3, '{"Url": "http://locked/", "Username": "me"}', 1, 'encrypted', 'key');
            """ % json.dumps(MODALITY))
        cluster.run_sql(section['Database'], read_script())
        saved = {number: json.loads(value) for number, value in rows(
            cluster, section, "SELECT property, value FROM ServerProperties WHERE server = 'hospital' "
                              'AND property IN (20, 21)')}
        assert saved == {'20': {'kept': MODALITY},
                         '21': {'open': {'Url': 'https://there/', 'Username': 'me', 'Password': 'secret',
                                         'HttpHeaders': {'Token': 'abc'}},
                                'bare': {'Url': 'http://a:b@here/', 'HttpHeaders': {}}}}
        if STOCK_10_FOLDER:
            with run_stock(cluster, 'built', section, mount) as (_, server):
                assert server.get('/modalities?expand')['kept']['Host'] == 'pacs'
                assert server.get('/peers?expand')['open']['Username'] == 'me'
                assert sorted(server.get('/peers')) == ['bare', 'open']


def check_stock_works(cluster, section, mount, before, filled):
    fresh = cluster.new_database()
    with run_stock(cluster, 'built', fresh, mount):
        expected = read_catalog(cluster, fresh)
    assert len([row for row in expected if row[0] == 'trigger']) >= 8
    with run_stock(cluster, 'built', section, mount) as (_, server):
        assert read_catalog(cluster, section) == expected
        assert find_differences(before, read_answers(server)) == []
        last = server.get('/changes?last')['Last']
        new = server.upload(make_instance('Uploaded to stock'))
        assert server.status('DELETE', '/patients/' + filled['protected']) == 200
        assert server.status('DELETE', '/instances/' + new['ID']) == 200
        assert server.status('GET', '/instances/%s/file' % filled['instance']) == 200
        assert server.get('/changes?since=%d' % last)['Last'] > last
        server.upload(make_instance('Uploaded to stock at last'))
        assert rows(cluster, section, 'SELECT value FROM GlobalProperties WHERE property = 4') == [['10']]
        assert server.get('/statistics')['CountPatients'] == len(server.get('/patients'))
