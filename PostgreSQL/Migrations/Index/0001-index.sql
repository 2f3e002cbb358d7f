-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The DICOM index: tables as in revision 10 of the stock schema (names, columns, their order and types), so that
-- a database can change hands; everything whose name begins with "Shared" is our own.

CREATE TABLE GlobalProperties
(
  property INTEGER PRIMARY KEY,
  value TEXT
);

CREATE TABLE ServerProperties
(
  server VARCHAR(64) NOT NULL,
  property INTEGER,
  value TEXT,
  PRIMARY KEY (server, property)
);

-- resourceType: 0 patient, 1 study, 2 series, 3 instance. childCount is for the stock plugin: NULL = unknown.
-- The collation makes the order of the bytes the order of the index, on both engines.
CREATE TABLE Resources
(
  internalId BIGSERIAL PRIMARY KEY,
  resourceType INTEGER NOT NULL,
  publicId VARCHAR(64) COLLATE "C" NOT NULL,
  parentId BIGINT CONSTRAINT resources_parentid_fkey REFERENCES Resources (internalId),
  childCount INTEGER,
  CONSTRAINT UniquePublicId UNIQUE (publicId)
);

CREATE TABLE MainDicomTags
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  tagGroup INTEGER,
  tagElement INTEGER,
  value TEXT,
  PRIMARY KEY (id, tagGroup, tagElement)
);

-- Values are normalized: ASCII, upper case
CREATE TABLE DicomIdentifiers
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  tagGroup INTEGER,
  tagElement INTEGER,
  value TEXT COLLATE "C",
  PRIMARY KEY (id, tagGroup, tagElement)
);

CREATE TABLE Metadata
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  type INTEGER NOT NULL,
  value TEXT,
  revision INTEGER,
  PRIMARY KEY (id, type)
);

CREATE TABLE AttachedFiles
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  fileType INTEGER,
  uuid VARCHAR(64) NOT NULL,
  compressedSize BIGINT,
  uncompressedSize BIGINT,
  compressionType INTEGER,
  uncompressedHash VARCHAR(40),
  compressedHash VARCHAR(40),
  revision INTEGER,
  customData BYTEA,
  PRIMARY KEY (id, fileType)
);

CREATE TABLE Changes
(
  seq BIGSERIAL PRIMARY KEY,
  changeType INTEGER,
  internalId BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  resourceType INTEGER,
  date VARCHAR(64)
);

CREATE TABLE ExportedResources
(
  seq BIGSERIAL PRIMARY KEY,
  resourceType INTEGER,
  publicId VARCHAR(64),
  remoteModality TEXT,
  patientId VARCHAR(64),
  studyInstanceUid TEXT,
  seriesInstanceUid TEXT,
  sopInstanceUid TEXT,
  date VARCHAR(64)
);

CREATE TABLE Labels
(
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  label TEXT,
  PRIMARY KEY (id, label)
);

-- Keys: 0 compressed size, 1 uncompressed size, 2 to 5 number of patients to instances; the others are stock's
CREATE TABLE GlobalIntegers
(
  key INTEGER PRIMARY KEY,
  value BIGINT
);

-- Differences not yet added to GlobalIntegers, see SharedFoldStatistics()
CREATE TABLE GlobalIntegersChanges
(
  pk BIGSERIAL PRIMARY KEY,
  key INTEGER,
  value BIGINT
);

CREATE TABLE InvalidChildCounts
(
  pk BIGSERIAL PRIMARY KEY,
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  updatedAt TIMESTAMP DEFAULT NOW()
);

CREATE TABLE KeyValueStores
(
  storeId TEXT NOT NULL,
  key TEXT COLLATE "C" NOT NULL,
  value BYTEA NOT NULL,
  PRIMARY KEY (storeId, key)
);

-- reservedUntil: seconds since 1970
CREATE TABLE Queues
(
  id BIGSERIAL PRIMARY KEY,
  queueId TEXT NOT NULL,
  value BYTEA NOT NULL,
  reservedUntil BIGINT
);

CREATE TABLE AuditLogs
(
  ts TIMESTAMP DEFAULT NOW(),
  sourcePlugin TEXT NOT NULL,
  userId TEXT NOT NULL,
  resourceType INTEGER NOT NULL,
  resourceId VARCHAR(64) NOT NULL,
  action TEXT NOT NULL,
  logData BYTEA
);

CREATE SEQUENCE PatientRecyclingOrderSequence;

INSERT INTO GlobalProperties (property, value)
VALUES (1, '6'), (4, '10'), (6, '1'), (10, '1'), (11, '3'), (12, '1'), (13, '1'), (14, '1');

INSERT INTO GlobalIntegers (key, value)
SELECT key, 0 FROM generate_series(0, 7) AS key;

CREATE INDEX ChildrenIndex2 ON Resources (parentId) INCLUDE (publicId, internalId);
CREATE INDEX SharedLevelIndex ON Resources (resourceType, publicId);
CREATE INDEX DicomIdentifiersIndex3 ON DicomIdentifiers (tagGroup, tagElement, value);
CREATE INDEX ChangesIndex ON Changes (internalId);
CREATE INDEX LabelsIndex2 ON Labels (label);
CREATE INDEX QueuesIndex ON Queues (queueId, id);
CREATE INDEX InvalidChildCountsId ON InvalidChildCounts (id);
CREATE INDEX AuditLogsUserId ON AuditLogs (userId);
CREATE INDEX AuditLogsResourceId ON AuditLogs (resourceId);
CREATE INDEX SharedAuditLogsTime ON AuditLogs (ts);
CREATE INDEX SharedAttachmentsUuid ON AttachedFiles (uuid);

-- The patients in the order in which they are recycled. A value that is no number comes first instead of failing.
CREATE INDEX SharedRecyclingIndex ON Metadata
  ((CASE WHEN value ~ '^[0-9]{1,18}$' THEN CAST(value AS BIGINT) ELSE 0 END), id) WHERE type = 19;

-- An index for "contains" is made only where the administrator allows the extension.
DO $$
DECLARE
  extensionSchema TEXT;
BEGIN
  BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
  EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm: %', SQLERRM;
  END;

  SELECT n.nspname INTO extensionSchema
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'pg_trgm';

  IF FOUND THEN
    BEGIN
      EXECUTE format('CREATE INDEX DicomIdentifiersIndexValues2 ON DicomIdentifiers USING gin (value %I.gin_trgm_ops)',
                     extensionSchema);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'pg_trgm: %', SQLERRM;
    END;
  END IF;
END
$$;

-- Names of advisory locks. 23 bits tell the clusters (schemas) and the purposes from each other, 40 are free.
CREATE FUNCTION SharedLockKey(purpose TEXT) RETURNS BIGINT
LANGUAGE sql STABLE AS
$$
  SELECT (hashtextextended(current_schema() || '/' || purpose, 0) & 8388607) << 40
$$;

----------------------------------------------------------------------------------------------------------------
-- Statistics: writers only append, so that none waits for another one

CREATE FUNCTION SharedCountInsertedResources() RETURNS TRIGGER
LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO GlobalIntegersChanges (key, value)
  SELECT resourceType + 2, COUNT(*) FROM modified GROUP BY resourceType;
  RETURN NULL;
END
$$;

CREATE FUNCTION SharedCountDeletedResources() RETURNS TRIGGER
LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO GlobalIntegersChanges (key, value)
  SELECT resourceType + 2, -COUNT(*) FROM modified GROUP BY resourceType;
  RETURN NULL;
END
$$;

-- The argument is the sign.
CREATE FUNCTION SharedCountAttachments() RETURNS TRIGGER
LANGUAGE plpgsql AS
$$
DECLARE
  sign BIGINT := TG_ARGV[0];
BEGIN
  INSERT INTO GlobalIntegersChanges (key, value)
  SELECT k.key, k.total
  FROM (SELECT SUM(compressedSize) AS compressed, SUM(uncompressedSize) AS uncompressed FROM modified) s,
       LATERAL (VALUES (0, sign * s.compressed), (1, sign * s.uncompressed)) AS k (key, total)
  WHERE k.total <> 0;
  RETURN NULL;
END
$$;

CREATE TRIGGER SharedResourcesInserted AFTER INSERT ON Resources
REFERENCING NEW TABLE AS modified
FOR EACH STATEMENT EXECUTE FUNCTION SharedCountInsertedResources();

CREATE TRIGGER SharedResourcesDeleted AFTER DELETE ON Resources
REFERENCING OLD TABLE AS modified
FOR EACH STATEMENT EXECUTE FUNCTION SharedCountDeletedResources();

CREATE TRIGGER SharedAttachmentsInserted AFTER INSERT ON AttachedFiles
REFERENCING NEW TABLE AS modified
FOR EACH STATEMENT EXECUTE FUNCTION SharedCountAttachments('1');

CREATE TRIGGER SharedAttachmentsDeleted AFTER DELETE ON AttachedFiles
REFERENCING OLD TABLE AS modified
FOR EACH STATEMENT EXECUTE FUNCTION SharedCountAttachments('-1');

-- Moves at most "maximum" differences into GlobalIntegers, in one statement so that every reader sees them once.
-- Answers how many were moved; 0 if another session is at it.
CREATE FUNCTION SharedFoldStatistics(maximum BIGINT) RETURNS BIGINT
LANGUAGE plpgsql AS
$$
DECLARE
  folded BIGINT;
BEGIN
  IF NOT pg_try_advisory_xact_lock(SharedLockKey('statistics')) THEN
    RETURN 0;
  END IF;

  WITH batch AS
  (
    DELETE FROM GlobalIntegersChanges
    WHERE pk = ANY(ARRAY(SELECT pk FROM GlobalIntegersChanges ORDER BY pk LIMIT maximum))
    RETURNING key, value
  ),
  totals AS
  (
    SELECT key, SUM(value) AS total FROM batch GROUP BY key
  ),
  updated AS
  (
    UPDATE GlobalIntegers g SET value = g.value + t.total FROM totals t WHERE g.key = t.key AND t.total <> 0
  )
  SELECT COUNT(*) INTO folded FROM batch;

  RETURN folded;
END
$$;

----------------------------------------------------------------------------------------------------------------
-- Creation and deletion. Lock order: the row of the patient is the gate to everything below it. Who creates or
-- deletes below a patient holds it until the end of his transaction, so that whoever comes second waits there and
-- then sees the outcome.

-- To the end of the recycling order
CREATE FUNCTION SharedTouchPatient(patient BIGINT) RETURNS VOID
LANGUAGE sql VOLATILE AS
$$
  INSERT INTO Metadata (id, type, value, revision)
  VALUES (patient, 19, CAST(nextval('PatientRecyclingOrderSequence') AS TEXT), 0)
  ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision
$$;

-- The row of a study, series or instance, made if it is missing; called behind the gate.
CREATE FUNCTION SharedEnsureResource(public TEXT, level INTEGER, parent BIGINT, OUT id BIGINT, OUT isNew BOOLEAN)
LANGUAGE plpgsql AS
$$
BEGIN
  isNew := FALSE;
  SELECT internalId INTO id FROM Resources WHERE publicId = public;
  IF NOT FOUND THEN
    isNew := TRUE;
    INSERT INTO Resources (resourceType, publicId, parentId) VALUES (level, public, parent)
    ON CONFLICT (publicId) DO NOTHING RETURNING internalId INTO id;
    IF NOT FOUND THEN
      -- Only possible if someone writes without passing the gate
      RAISE EXCEPTION 'A resource was created at the same time' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
END
$$;

CREATE FUNCTION SharedCreateInstance(patient TEXT, study TEXT, series TEXT, instance TEXT,
                                     OUT isNewPatient BOOLEAN, OUT isNewStudy BOOLEAN, OUT isNewSeries BOOLEAN,
                                     OUT isNewInstance BOOLEAN, OUT patientKey BIGINT, OUT studyKey BIGINT,
                                     OUT seriesKey BIGINT, OUT instanceKey BIGINT)
LANGUAGE plpgsql AS
$$
BEGIN
  isNewPatient := FALSE;
  isNewStudy := FALSE;
  isNewSeries := FALSE;
  isNewInstance := FALSE;

  LOOP
    SELECT internalId INTO patientKey FROM Resources WHERE publicId = patient FOR NO KEY UPDATE;

    SELECT internalId INTO instanceKey FROM Resources WHERE publicId = instance;
    IF FOUND THEN
      -- Deleted and created again while we waited: this patient is another row, whose gate is still open.
      CONTINUE WHEN patientKey IS NULL AND EXISTS (SELECT FROM Resources WHERE publicId = patient);
      RETURN;
    END IF;

    EXIT WHEN patientKey IS NOT NULL;

    INSERT INTO Resources (resourceType, publicId) VALUES (0, patient)
    ON CONFLICT (publicId) DO NOTHING RETURNING internalId INTO patientKey;
    IF FOUND THEN
      isNewPatient := TRUE;
      EXIT;
    END IF;
  END LOOP;

  SELECT e.id, e.isNew INTO studyKey, isNewStudy FROM SharedEnsureResource(study, 1, patientKey) e;
  SELECT e.id, e.isNew INTO seriesKey, isNewSeries FROM SharedEnsureResource(series, 2, studyKey) e;
  SELECT e.id, e.isNew INTO instanceKey, isNewInstance FROM SharedEnsureResource(instance, 3, seriesKey) e;
  PERFORM SharedTouchPatient(patientKey);
END
$$;

-- Deletes resources of one level with all that is below them, from the bottom.
CREATE FUNCTION SharedDeleteSubtrees(targets BIGINT[])
RETURNS TABLE (kind INTEGER, levelOrType INTEGER, identifier TEXT, compressed BIGINT, uncompressed BIGINT,
               compression INTEGER, compressedMd5 TEXT, uncompressedMd5 TEXT, custom BYTEA)
LANGUAGE plpgsql AS
$$
DECLARE
  children BIGINT[] := ARRAY(SELECT r.internalId FROM Resources r WHERE r.parentId = ANY(targets));
BEGIN
  IF cardinality(children) > 0 THEN
    RETURN QUERY SELECT * FROM SharedDeleteSubtrees(children);
  END IF;

  RETURN QUERY
    DELETE FROM AttachedFiles a WHERE a.id = ANY(targets)
    RETURNING 0, a.fileType, CAST(a.uuid AS TEXT), a.compressedSize, a.uncompressedSize, a.compressionType,
              CAST(a.compressedHash AS TEXT), CAST(a.uncompressedHash AS TEXT), a.customData;

  RETURN QUERY
    DELETE FROM Resources r WHERE r.internalId = ANY(targets)
    RETURNING 1, r.resourceType, CAST(r.publicId AS TEXT), NULL::BIGINT, NULL::BIGINT, NULL::INTEGER,
              NULL::TEXT, NULL::TEXT, NULL::BYTEA;
END
$$;

-- Deletes a resource, what is below it, and the ancestors that lose their last child. Rows of three kinds:
-- 0 = a deleted attachment, 1 = a deleted resource, 2 = the closest ancestor that stays. No row: unknown resource.
CREATE FUNCTION SharedDeleteResource(target BIGINT)
RETURNS TABLE (kind INTEGER, levelOrType INTEGER, identifier TEXT, compressed BIGINT, uncompressed BIGINT,
               compression INTEGER, compressedMd5 TEXT, uncompressedMd5 TEXT, custom BYTEA)
LANGUAGE plpgsql AS
$$
DECLARE
  patient BIGINT;
  up BIGINT;
BEGIN
  WITH RECURSIVE path AS
  (
    SELECT r.internalId, r.parentId FROM Resources r WHERE r.internalId = target
    UNION ALL
    SELECT r.internalId, r.parentId FROM Resources r JOIN path p ON r.internalId = p.parentId
  )
  SELECT p.internalId INTO patient FROM path p WHERE p.parentId IS NULL;

  PERFORM FROM Resources r WHERE r.internalId = patient FOR UPDATE;

  -- Looked at again behind the gate
  SELECT r.parentId INTO up FROM Resources r WHERE r.internalId = target FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  RETURN QUERY SELECT * FROM SharedDeleteSubtrees(ARRAY[target]);

  WHILE up IS NOT NULL AND NOT EXISTS (SELECT FROM Resources r WHERE r.parentId = up)
  LOOP
    target := up;
    SELECT r.parentId INTO up FROM Resources r WHERE r.internalId = target;
    RETURN QUERY SELECT * FROM SharedDeleteSubtrees(ARRAY[target]);
  END LOOP;

  RETURN QUERY
    SELECT 2, r.resourceType, CAST(r.publicId AS TEXT), NULL::BIGINT, NULL::BIGINT, NULL::INTEGER, NULL::TEXT,
           NULL::TEXT, NULL::BYTEA
    FROM Resources r WHERE r.internalId = up;
END
$$;

----------------------------------------------------------------------------------------------------------------
-- Changes become visible in the order in which transactions commit, not in the order of their numbers. A writer
-- therefore announces the number that the sequence stands at *before* he draws his first one, by a shared lock
-- that he holds until his commit is visible.

CREATE FUNCTION SharedAnnounceChanges() RETURNS VOID
LANGUAGE sql VOLATILE AS
$$
  SELECT pg_advisory_xact_lock_shared(
    SharedLockKey('changes') | CASE WHEN is_called THEN last_value ELSE last_value - 1 END)
  FROM Changes_seq_seq
$$;

-- No change up to this number will appear later than now, but for those of the asking transaction itself. The
-- order of the two statements matters: a writer who is not seen among the locks has not yet drawn a number when
-- the locks are read, so that all his numbers are above what the sequence was before.
CREATE FUNCTION SharedVisibleChangesLimit() RETURNS BIGINT
LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
  given BIGINT;
  announced BIGINT;
BEGIN
  SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO given FROM Changes_seq_seq;

  SELECT MIN(l.key & 1099511627775) INTO announced
  FROM (SELECT (CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT) AS key
        FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
          AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) l
  WHERE l.key & ~1099511627775 = SharedLockKey('changes');

  RETURN LEAST(given, announced);
END
$$;

-- Numbers of exports are drawn one transaction after the other: exports are rare.
CREATE FUNCTION SharedLockExports() RETURNS VOID
LANGUAGE sql VOLATILE AS
$$
  SELECT pg_advisory_xact_lock(SharedLockKey('exports'))
$$;
