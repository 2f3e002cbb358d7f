-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Less work for each instance and each deletion. What foreign keys did row by row, by a query for each of them, is
-- done once for each resource that a transaction writes to (SharedHoldResource) and once for all rows that a deletion
-- removes (SharedDeleteSubtrees).

DO $$
DECLARE
  foreignKey RECORD;
BEGIN
  FOR foreignKey IN
    SELECT conname AS name, conrelid::regclass AS owner FROM pg_catalog.pg_constraint
    WHERE contype = 'f' AND confrelid = 'resources'::regclass
      AND conrelid = ANY(ARRAY['resources', 'maindicomtags', 'dicomidentifiers', 'metadata', 'attachedfiles',
                               'changes', 'labels', 'invalidchildcounts']::regclass[])
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreignKey.owner, foreignKey.name);
  END LOOP;
END
$$;

-- Keeps a resource until the end of the transaction: nobody deletes it, and the rows that are about to be written for
-- it are not left behind by somebody who just has. The error is the one of a foreign key.
CREATE FUNCTION SharedHoldResource(resource BIGINT) RETURNS VOID
LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM FROM Resources WHERE internalId = resource FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'No resource has the internal id %', resource USING ERRCODE = 'foreign_key_violation';
  END IF;
END
$$;

-- The two largest indexes without what nobody looks for in them. Instances, by far the most resources, are found by
-- UniquePublicId as well, and UIDs are not matched by wildcards (DICOM PS3.4, C.2.2.2.4). Where there are many rows,
-- PostgreSQL/DeferredIndexes does the same without keeping anybody from writing.
DO $$
DECLARE
  extensionSchema TEXT;
BEGIN
  IF EXISTS (SELECT FROM Resources LIMIT 1) THEN
    RETURN;
  END IF;

  IF to_regclass('sharedlevelindex') IS NOT NULL THEN
    CREATE INDEX SharedParentsIndex ON Resources (resourceType, publicId) WHERE resourceType < 3;
    DROP INDEX SharedLevelIndex;
  END IF;

  IF to_regclass('dicomidentifiersindexvalues2') IS NOT NULL THEN
    SELECT n.nspname INTO extensionSchema
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX SharedValuesIndex ON DicomIdentifiers USING gin (value %I.gin_trgm_ops) '
                   'WHERE tagGroup <> 32 AND (tagGroup <> 8 OR tagElement <> 24)', extensionSchema);
    DROP INDEX DicomIdentifiersIndexValues2;
  END IF;
END
$$;

-- To the end of the recycling order. Nothing is written if the patient is there already: the last number was his.
CREATE OR REPLACE FUNCTION SharedTouchPatient(patient BIGINT) RETURNS VOID
LANGUAGE plpgsql AS
$$
BEGIN
  IF NOT EXISTS (SELECT FROM PatientRecyclingOrderSequence s, Metadata m
                 WHERE m.id = patient AND m.type = 19 AND m.value = CAST(s.last_value AS TEXT) AND s.is_called)
  THEN
    INSERT INTO Metadata (id, type, value, revision)
    VALUES (patient, 19, CAST(nextval('PatientRecyclingOrderSequence') AS TEXT), 0)
    ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value, revision = EXCLUDED.revision;
  END IF;
END
$$;

-- As in 0003, with fewer queries. A new instance is always a change, so that it is announced here. A row that somebody
-- makes at the same time without having passed the gate is an error of uniqueness.
CREATE OR REPLACE FUNCTION
  SharedCreateInstance(patient TEXT, study TEXT, series TEXT, instance TEXT,
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

    SELECT (SELECT internalId FROM Resources WHERE publicId = instance),
           (SELECT internalId FROM Resources WHERE publicId = series),
           (SELECT internalId FROM Resources WHERE publicId = study)
    INTO instanceKey, seriesKey, studyKey;

    IF instanceKey IS NOT NULL THEN
      -- Created since the patient was looked for, and perhaps deleted again: what is there now is found with its
      -- gate. Only an instance of another patient is answered without.
      CONTINUE WHEN patientKey IS NULL
                    AND (EXISTS (SELECT FROM Resources WHERE publicId = patient)
                         OR NOT EXISTS (SELECT FROM Resources WHERE publicId = instance));
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

  IF studyKey IS NULL THEN
    INSERT INTO Resources (resourceType, publicId, parentId) VALUES (1, study, patientKey)
    RETURNING internalId INTO studyKey;
    isNewStudy := TRUE;
  END IF;
  IF seriesKey IS NULL THEN
    INSERT INTO Resources (resourceType, publicId, parentId) VALUES (2, series, studyKey)
    RETURNING internalId INTO seriesKey;
    isNewSeries := TRUE;
  END IF;
  INSERT INTO Resources (resourceType, publicId, parentId) VALUES (3, instance, seriesKey)
  RETURNING internalId INTO instanceKey;
  isNewInstance := TRUE;

  PERFORM SharedTouchPatient(patientKey);
  PERFORM SharedAnnounceChanges();
END
$$;

-- Deletes resources with all that is below them. Whoever holds one of them is waited for, and what he has written by
-- then is seen by the statements after the first one.
CREATE OR REPLACE FUNCTION SharedDeleteSubtrees(targets BIGINT[])
RETURNS TABLE (kind INTEGER, levelOrType INTEGER, identifier TEXT, compressed BIGINT, uncompressed BIGINT,
               compression INTEGER, compressedMd5 TEXT, uncompressedMd5 TEXT, custom BYTEA)
LANGUAGE plpgsql AS
$$
DECLARE
  below BIGINT[] := targets;
  everything BIGINT[] := targets;
BEGIN
  LOOP
    below := ARRAY(SELECT r.internalId FROM Resources r WHERE r.parentId = ANY(below));
    EXIT WHEN cardinality(below) = 0;
    everything := everything || below;
  END LOOP;

  RETURN QUERY
    DELETE FROM Resources r WHERE r.internalId = ANY(everything)
    RETURNING 1, r.resourceType, CAST(r.publicId AS TEXT), NULL::BIGINT, NULL::BIGINT, NULL::INTEGER,
              NULL::TEXT, NULL::TEXT, NULL::BYTEA;

  RETURN QUERY
    DELETE FROM AttachedFiles a WHERE a.id = ANY(everything)
    RETURNING 0, a.fileType, CAST(a.uuid AS TEXT), a.compressedSize, a.uncompressedSize, a.compressionType,
              CAST(a.compressedHash AS TEXT), CAST(a.uncompressedHash AS TEXT), a.customData;

  DELETE FROM MainDicomTags t WHERE t.id = ANY(everything);
  DELETE FROM DicomIdentifiers i WHERE i.id = ANY(everything);
  DELETE FROM Metadata m WHERE m.id = ANY(everything);
  DELETE FROM Changes c WHERE c.internalId = ANY(everything);
  DELETE FROM Labels l WHERE l.id = ANY(everything);
  DELETE FROM InvalidChildCounts c WHERE c.id = ANY(everything);
END
$$;
