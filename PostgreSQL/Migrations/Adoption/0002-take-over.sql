-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The tables and columns of revision 10 that this database of the stock plugin lacks, and the end of its triggers and
-- functions. PostgreSQL/StockSchema.cpp appends our own functions and triggers (those of Index/0001), so that both
-- change places in one transaction. Only the catalog and tables of few rows are written, but for one row per patient.

ALTER TABLE Metadata ADD COLUMN IF NOT EXISTS revision INTEGER;
ALTER TABLE AttachedFiles ADD COLUMN IF NOT EXISTS revision INTEGER;
ALTER TABLE AttachedFiles ADD COLUMN IF NOT EXISTS customData BYTEA;
ALTER TABLE Resources ADD COLUMN IF NOT EXISTS childCount INTEGER;

CREATE TABLE IF NOT EXISTS ServerProperties
(
  server VARCHAR(64) NOT NULL,
  property INTEGER,
  value TEXT,
  PRIMARY KEY (server, property)
);

CREATE TABLE IF NOT EXISTS Labels
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  label TEXT,
  PRIMARY KEY (id, label)
);

CREATE TABLE IF NOT EXISTS GlobalIntegers
(
  key INTEGER PRIMARY KEY,
  value BIGINT
);

CREATE TABLE IF NOT EXISTS GlobalIntegersChanges
(
  pk BIGSERIAL PRIMARY KEY,
  key INTEGER,
  value BIGINT
);

CREATE TABLE IF NOT EXISTS InvalidChildCounts
(
  pk BIGSERIAL PRIMARY KEY,
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  updatedAt TIMESTAMP DEFAULT NOW()
);

CREATE TABLE IF NOT EXISTS KeyValueStores
(
  storeId TEXT NOT NULL,
  key TEXT NOT NULL,
  value BYTEA NOT NULL,
  PRIMARY KEY (storeId, key)
);

CREATE TABLE IF NOT EXISTS Queues
(
  id BIGSERIAL PRIMARY KEY,
  queueId TEXT NOT NULL,
  value BYTEA NOT NULL,
  reservedUntil BIGINT
);

CREATE TABLE IF NOT EXISTS AuditLogs
(
  ts TIMESTAMP DEFAULT NOW(),
  sourcePlugin TEXT NOT NULL,
  userId TEXT NOT NULL,
  resourceType INTEGER NOT NULL,
  resourceId VARCHAR(64) NOT NULL,
  action TEXT NOT NULL,
  logData BYTEA
);

ALTER TABLE Queues ADD COLUMN IF NOT EXISTS reservedUntil BIGINT;

DO $$
DECLARE
  name TEXT;
BEGIN
  FOREACH name IN ARRAY ARRAY['globalintegerschanges', 'invalidchildcounts']
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_attribute
                   WHERE attrelid = to_regclass(name) AND attname = 'pk' AND NOT attisdropped)
    THEN
      EXECUTE format('ALTER TABLE %I ADD COLUMN pk BIGSERIAL PRIMARY KEY', name);
    END IF;
  END LOOP;
END
$$;

CREATE INDEX IF NOT EXISTS LabelsIndex2 ON Labels (label);
CREATE INDEX IF NOT EXISTS QueuesIndex ON Queues (queueId, id);
CREATE INDEX IF NOT EXISTS InvalidChildCountsId ON InvalidChildCounts (id);
CREATE INDEX IF NOT EXISTS AuditLogsUserId ON AuditLogs (userId);
CREATE INDEX IF NOT EXISTS AuditLogsResourceId ON AuditLogs (resourceId);
CREATE INDEX IF NOT EXISTS ChangesIndex ON Changes (internalId);
DROP INDEX IF EXISTS ChildrenIndex; -- ChildrenIndex2 stands in its place

----------------------------------------------------------------------------------------------------------------
-- The totals. Stock keeps them itself, but for the oldest databases that were never opened by a newer plugin.

DO $$
BEGIN
  IF 2 > (SELECT COUNT(*) FROM GlobalIntegers WHERE key IN (0, 1)) THEN
    INSERT INTO GlobalIntegers (key, value)
    SELECT k.key, CAST(CASE k.key WHEN 0 THEN s.compressed ELSE s.uncompressed END AS BIGINT)
    FROM (VALUES (0), (1)) AS k (key),
         (SELECT COALESCE(SUM(compressedSize), 0) AS compressed, COALESCE(SUM(uncompressedSize), 0) AS uncompressed
          FROM AttachedFiles) s
    ON CONFLICT (key) DO NOTHING;
  END IF;
  IF 4 > (SELECT COUNT(*) FROM GlobalIntegers WHERE key BETWEEN 2 AND 5) THEN
    INSERT INTO GlobalIntegers (key, value)
    SELECT k.key, COALESCE(c.total, 0)
    FROM generate_series(2, 5) AS k (key)
      LEFT JOIN (SELECT resourceType + 2 AS key, COUNT(*) AS total FROM Resources GROUP BY resourceType) c
        ON c.key = k.key
    ON CONFLICT (key) DO NOTHING;
  END IF;
END
$$;

INSERT INTO GlobalIntegers (key, value) VALUES (6, 0), (7, 0) ON CONFLICT (key) DO NOTHING;

----------------------------------------------------------------------------------------------------------------
-- Until revision 5, the order of recycling was a table in which protected patients had no row.

CREATE SEQUENCE IF NOT EXISTS PatientRecyclingOrderSequence;

DO $$
BEGIN
  IF to_regclass('patientrecyclingorder') IS NULL THEN
    RETURN;
  END IF;

  INSERT INTO Metadata (id, type, value, revision)
  SELECT r.internalId, 18, 'true', 0
  FROM Resources r
  WHERE r.resourceType = 0 AND NOT EXISTS (SELECT FROM PatientRecyclingOrder o WHERE o.patientId = r.internalId)
  ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision;

  INSERT INTO Metadata (id, type, value, revision)
  SELECT o.patientId, 19, CAST(nextval('PatientRecyclingOrderSequence') AS TEXT), 0
  FROM (SELECT patientId, MAX(seq) AS last FROM PatientRecyclingOrder WHERE patientId IS NOT NULL
        GROUP BY patientId ORDER BY last) o
  ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision;

  DROP TABLE PatientRecyclingOrder;
END
$$;

----------------------------------------------------------------------------------------------------------------
-- Deletion goes from the bottom up, so that a parent that still has children must not be removable. The rows satisfy
-- the new constraint as they did the old one; it is validated in the background.

DO $$
DECLARE
  cascading TEXT;
BEGIN
  FOR cascading IN
    SELECT conname FROM pg_catalog.pg_constraint
    WHERE conrelid = to_regclass('resources') AND confrelid = conrelid AND contype = 'f' AND confdeltype <> 'a'
  LOOP
    EXECUTE format('ALTER TABLE Resources DROP CONSTRAINT %I', cascading);
    ALTER TABLE Resources ADD CONSTRAINT resources_parentid_fkey
      FOREIGN KEY (parentId) REFERENCES Resources (internalId) NOT VALID;
  END LOOP;
END
$$;

----------------------------------------------------------------------------------------------------------------
-- The triggers that revision 10 has are only disabled. Those of older revisions and their tables go, as they went
-- with stock's own upgrades. The functions that stock calls by name go too: a stock plugin that is still running, or
-- is started without the way back, then fails instead of writing half of what it should.

DO $$
DECLARE
  stock RECORD;
BEGIN
  FOR stock IN
    SELECT tgname AS name, tgrelid::regclass AS owner FROM pg_catalog.pg_trigger
    WHERE NOT tgisinternal AND tgrelid IN ('resources'::regclass, 'attachedfiles'::regclass, 'changes'::regclass)
      AND tgname = ANY(ARRAY['attachedfiledeleted', 'attachedfileincrementsize', 'attachedfiledecrementsize',
                             'incrementresourcestracker', 'decrementresourcestracker', 'incrementchildcount',
                             'decrementchildcount', 'insertedchange'])
  LOOP
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', stock.owner, stock.name);
  END LOOP;

  DROP TRIGGER IF EXISTS CountResourcesTracker ON Resources;
  DROP TRIGGER IF EXISTS PatientAdded ON Resources;
  DROP TRIGGER IF EXISTS ResourceDeleted ON Resources;
  DROP TABLE IF EXISTS DeletedFiles;
  DROP TABLE IF EXISTS DeletedResources;
  DROP TABLE IF EXISTS RemainingAncestor;

  FOR stock IN
    SELECT oid::regprocedure AS name FROM pg_catalog.pg_proc
    WHERE pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
      AND proname = ANY(ARRAY['createinstance', 'deleteresource', 'deleteattachment', 'patientaddedorupdated',
                              'createdeletedfilestemporarytable', 'updatesinglestatistic', 'updatestatistics',
                              'computestatisticsreadonly', 'insertorupdatemetadata', 'computemissingchildcount',
                              'updateinvalidchildcounts', 'protectpatient', 'unprotectpatient',
                              'countresourcestrackerfunc', 'patientaddedfunc', 'resourcedeletedfunc'])
  LOOP
    EXECUTE format('DROP FUNCTION %s', stock.name);
  END LOOP;
END
$$;

INSERT INTO GlobalProperties (property, value)
VALUES (1, '6'), (4, '10'), (6, '1'), (10, '1'), (11, '3'), (12, '1'), (13, '1'), (14, '1')
ON CONFLICT (property) DO UPDATE SET value = EXCLUDED.value;

-- From here on, the migrations of the component "Index" go on as in a database of our own.
INSERT INTO SharedVersions (component, version) VALUES ('Index', 1) ON CONFLICT (component) DO NOTHING;
