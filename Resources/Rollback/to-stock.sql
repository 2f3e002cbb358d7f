-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The way back: prepares a database of this plugin for the stock PostgreSQL plugin, version 10.0 or newer. It does not
-- matter whether the database was adopted from stock, or made by this plugin.
--
--   1. Stop all Orthanc servers that use the database.
--   2. Make a backup (pg_dump).
--   3. As the role that owns the tables (the one of Orthanc):
--        psql --dbname=... --file=to-stock.sql                      the schema "public"
--        psql --dbname=... --set=schema=NAME --file=to-stock.sql    another one (option "Schema")
--   4. Start one Orthanc with the stock plugin. Others may follow once it answers.
--
-- All is done in one transaction, or nothing. It takes as long as checking the foreign keys of all rows and counting
-- the children of all resources once: about a minute for a million instances.
--
-- How the stock plugin gets its own objects back: at start it compares the revision that it finds (global property 4)
-- with its own one, 10. If it finds 6, it adds what revision 10 has (the columns "pk" of two tables, and
-- "reservedUntil" of Queues), then runs the idempotent script that makes all missing tables and indexes and replaces
-- all of its functions and triggers. (At 10 it would do nothing, and nothing would count or report deletions.) So the
-- conditions are: property 4 = 6, properties 1 = 6, 10 = 1 and 13 = 1, and these three columns absent. It looks for
-- the tables in the schema "public" only, whichever schema it uses: where there are none, it adds no columns, and they
-- have to stay. Plugins older than 10.0 refuse the database, or (9.0) would not find their functions.
--
-- What stays: all our tables ("Shared..."), which stock ignores; so jobs, their outputs and the history are there
-- again when this plugin takes the database back, which it does at its next start, at whatever revision.
-- What goes: reservations of values of queues (the values stay), and the order of the bytes as the order of indexes.
-- Modalities and peers that were shared are written to the properties of each known server, where the option
-- "DicomModalitiesInDatabase" or "OrthancPeersInDatabase" of the stock Orthanc finds them. A peer whose passwords are
-- encrypted is left out and named in a warning.

\set ON_ERROR_STOP on
\if :{?schema}
\else
  \set schema public
\endif

BEGIN;
SET LOCAL search_path = :"schema";
SET LOCAL client_min_messages = warning;
SELECT pg_advisory_xact_lock(44) \g /dev/null

DO $$
DECLARE
  isOurs BOOLEAN := FALSE;
  others TEXT;
BEGIN
  IF to_regclass('sharedversions') IS NOT NULL THEN
    isOurs := EXISTS (SELECT FROM SharedVersions WHERE component = 'Index');
  END IF;
  IF NOT isOurs THEN
    RAISE EXCEPTION 'The schema % is not one that the registry uses now', current_schema();
  END IF;
  -- Of this role, or of another one that works on the rows (Resources/Roles)
  SELECT string_agg(DISTINCT a.usename, ', ') INTO others
  FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND COALESCE(a.backend_type, 'client backend') = 'client backend' -- unknown of other roles
    AND (a.usename = current_user OR (NOT r.rolsuper AND has_table_privilege(r.oid, 'resources', 'INSERT')));
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'Another session uses this database (role %): stop all Orthanc servers first', others;
  END IF;
END
$$;

LOCK TABLE Resources, AttachedFiles, Metadata, Changes, GlobalIntegers, GlobalIntegersChanges IN EXCLUSIVE MODE;

-- Our triggers, functions and indexes on the tables of stock. SharedNow() serves our other tables, which stay.
DROP TRIGGER SharedResourcesInserted ON Resources;
DROP TRIGGER SharedResourcesDeleted ON Resources;
DROP TRIGGER SharedAttachmentsInserted ON AttachedFiles;
DROP TRIGGER SharedAttachmentsDeleted ON AttachedFiles;

DO $$
DECLARE
  ours RECORD;
BEGIN
  FOR ours IN
    SELECT oid::regprocedure AS name FROM pg_catalog.pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
      AND proname = ANY(ARRAY['sharedlockkey', 'sharedcountinsertedresources', 'sharedcountdeletedresources',
                              'sharedcountattachments', 'sharedfoldstatistics', 'sharedtouchpatient',
                              'sharedensureresource', 'sharedcreateinstance', 'shareddeletesubtrees',
                              'shareddeleteresource', 'sharedannouncechanges', 'sharedvisiblechangeslimit',
                              'sharedlockexports', 'sharedholdresource', 'sharedinteger', 'sharedreal', 'sharedfold',
                              'sharedreserveresources', 'sharedcreateexpectedinstance'])
  LOOP
    EXECUTE format('DROP FUNCTION %s', ours.name);
  END LOOP;
END
$$;

DROP INDEX IF EXISTS SharedLevelIndex, SharedPublicIdIndex, SharedIdentifiersIndex, SharedAttachmentsUuid,
  SharedRecyclingIndex, SharedAuditLogsTime, SharedParentsIndex, SharedValuesIndex;

-- The foreign keys, which we do without, and before them what none of ours should have left behind
DO $$
DECLARE
  foreignKey RECORD;
  orphans BIGINT;
BEGIN
  FOR foreignKey IN
    SELECT * FROM (VALUES
      ('resources', 'parentid', ''), ('maindicomtags', 'id', ' ON DELETE CASCADE'),
      ('dicomidentifiers', 'id', ' ON DELETE CASCADE'), ('metadata', 'id', ' ON DELETE CASCADE'),
      ('attachedfiles', 'id', ' ON DELETE CASCADE'), ('changes', 'internalid', ' ON DELETE CASCADE'),
      ('labels', 'id', ' ON DELETE CASCADE'), ('invalidchildcounts', 'id', ' ON DELETE CASCADE')) AS v (owner, name, rest)
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint
                          WHERE contype = 'f' AND conrelid = to_regclass(foreignKey.owner)
                            AND confrelid = to_regclass('resources'));
    EXECUTE format('DELETE FROM %1$I t WHERE t.%2$I IS NOT NULL AND NOT EXISTS '
                   '(SELECT FROM Resources r WHERE r.internalId = t.%2$I)', foreignKey.owner, foreignKey.name);
    GET DIAGNOSTICS orphans = ROW_COUNT;
    IF orphans > 0 THEN
      RAISE WARNING '% rows of the table % had no resource any more and were deleted', orphans, foreignKey.owner;
    END IF;
    EXECUTE format('ALTER TABLE %1$I ADD CONSTRAINT %3$I FOREIGN KEY (%2$I) REFERENCES Resources (internalId)',
                   foreignKey.owner, foreignKey.name, foreignKey.owner || '_' || foreignKey.name || '_fkey')
            || foreignKey.rest;
  END LOOP;
END
$$;

-- Totals: the pending differences are added, the number of the last change is that of its sequence.
UPDATE GlobalIntegers g SET value = g.value + t.total
FROM (SELECT key, SUM(value) AS total FROM GlobalIntegersChanges GROUP BY key) t
WHERE g.key = t.key;
DELETE FROM GlobalIntegersChanges;

INSERT INTO GlobalIntegers (key, value)
SELECT 6, CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM Changes_seq_seq
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
DELETE FROM GlobalIntegers WHERE key = 7; -- of old revisions

-- Numbers of children, which we do not keep
UPDATE Resources r SET childCount = c.total
FROM (SELECT p.internalId, COUNT(k.internalId) AS total
      FROM Resources p LEFT JOIN Resources k ON k.parentId = p.internalId
      WHERE p.resourceType < 3 GROUP BY p.internalId) c
WHERE r.internalId = c.internalId AND r.childCount IS DISTINCT FROM c.total;
DELETE FROM InvalidChildCounts;

-- Each patient has a place in the order of recycling, and the sequence is beyond all of them.
SELECT setval('PatientRecyclingOrderSequence', GREATEST(
  (SELECT last_value FROM PatientRecyclingOrderSequence),
  (SELECT MAX(CASE WHEN value ~ '^[0-9]{1,18}$' THEN CAST(value AS BIGINT) END) FROM Metadata WHERE type = 19)))
  \g /dev/null
INSERT INTO Metadata (id, type, value, revision)
SELECT r.internalId, 19, CAST(nextval('PatientRecyclingOrderSequence') AS TEXT), 0
FROM Resources r
WHERE r.resourceType = 0 AND NOT EXISTS (SELECT FROM Metadata m WHERE m.id = r.internalId AND m.type = 19);
UPDATE Metadata SET value = CAST(nextval('PatientRecyclingOrderSequence') AS TEXT)
WHERE type = 19 AND value !~ '^[0-9]{1,18}$';

-- Modalities and peers, once they were shared: to the properties 20 and 21 of each server
DO $$
DECLARE
  listed RECORD;
  leftOut TEXT;
BEGIN
  IF to_regclass('shareddirectories') IS NULL OR to_regclass('sharedreplicas') IS NULL THEN
    RETURN;
  END IF;
  FOR listed IN
    SELECT d.kind + 20 AS property,
           CASE d.kind
             WHEN 0 THEN (SELECT jsonb_object_agg(m.name, CAST(m.configuration AS JSONB)) FROM SharedModalities m
                          WHERE m.configuration IS NOT NULL)
             ELSE (SELECT jsonb_object_agg(p.name, p.open || jsonb_strip_nulls(jsonb_build_object(
                            'Url', regexp_replace(p.open ->> 'Url', '^(https?://)?',
                                                  '\1' || COALESCE((p.hidden ->> 'UrlUser') || '@', '')),
                            'Password', COALESCE(p.hidden ->> 'Password',
                                                 CASE WHEN p.open ? 'Username' THEN '' END),
                            'CertificateKeyPassword', p.hidden ->> 'CertificateKeyPassword',
                            'HttpHeaders', COALESCE(p.hidden -> 'HttpHeaders', '{}'))))
                   FROM (SELECT name, CAST(configuration AS JSONB) AS open,
                                COALESCE(CAST(convert_from(secrets, 'UTF8') AS JSONB), '{}') AS hidden
                         FROM SharedPeers WHERE configuration IS NOT NULL AND keyId IS NULL) p)
           END AS entries
    FROM SharedDirectories d WHERE d.importedAt IS NOT NULL
  LOOP
    INSERT INTO ServerProperties (server, property, value)
    SELECT s.server, listed.property, CAST(COALESCE(listed.entries, '{}') AS TEXT)
    FROM (SELECT serverIdentifier AS server FROM SharedReplicas
          UNION SELECT server FROM ServerProperties WHERE property IN (5, 20, 21)) s
    ON CONFLICT (server, property) DO UPDATE SET value = EXCLUDED.value;
  END LOOP;

  SELECT string_agg(name, ', ' ORDER BY name) INTO leftOut FROM SharedPeers
  WHERE configuration IS NOT NULL AND keyId IS NOT NULL;
  IF leftOut IS NOT NULL THEN
    RAISE WARNING 'Left out, because their passwords are encrypted: the peers %', leftOut;
  END IF;
END
$$;

-- The conditions under which stock makes its objects anew, see above
DO $$
DECLARE
  added RECORD;
BEGIN
  FOR added IN
    SELECT * FROM (VALUES ('globalintegerschanges', 'pk'), ('invalidchildcounts', 'pk'), ('queues', 'reserveduntil'))
      AS v (owner, name)
  LOOP
    IF to_regclass('public.' || added.owner) IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %I DROP COLUMN %I', added.owner, added.name);
    END IF;
  END LOOP;
END
$$;

INSERT INTO GlobalProperties (property, value) VALUES (1, '6'), (4, '6'), (10, '1'), (13, '1')
ON CONFLICT (property) DO UPDATE SET value = EXCLUDED.value;

DELETE FROM SharedVersions WHERE component IN ('Index', 'Adoption');
COMMIT;

\echo The database is ready for the stock plugin, version 10.0 or newer
