-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Creation of instances in a series that is there already, without an answer that would have to be waited for.

-- Internal ids for instances to come, as text
CREATE FUNCTION SharedReserveResources(count BIGINT) RETURNS TEXT
LANGUAGE plpgsql VOLATILE AS
$$
BEGIN
  RETURN (SELECT string_agg(CAST(nextval('Resources_internalId_seq') AS TEXT), ' ') FROM generate_series(1, count));
END
$$;

-- What SharedCreateInstance does for an instance that is new in a series that is not. The gate of the patient keeps
-- the series from being deleted. A standby that has taken over may not know that it has given out the id: it would do so
-- again.
CREATE FUNCTION SharedCreateExpectedInstance(patient BIGINT, series BIGINT, instance BIGINT, instancePublicId TEXT)
RETURNS VOID
LANGUAGE plpgsql AS
$$
BEGIN
  PERFORM FROM Resources WHERE internalId = patient FOR NO KEY UPDATE;
  IF FOUND THEN
    INSERT INTO Resources (internalId, resourceType, publicId, parentId)
    SELECT instance, 3, instancePublicId, series
    WHERE EXISTS (SELECT FROM Resources WHERE internalId = series)
      AND instance <= (SELECT last_value FROM Resources_internalId_seq)
    ON CONFLICT DO NOTHING;
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Series % has been deleted, or instance % has been stored', series, instancePublicId
      USING ERRCODE = 'serialization_failure';
  END IF;

  PERFORM SharedTouchPatient(patient);
  PERFORM SharedAnnounceChanges();
END
$$;

-- As in 0004, but for a patient who was created and deleted by others since he was looked for: what was found below him
-- has gone with him. Whoever makes a patient makes all that is below.
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
      studyKey := NULL;
      seriesKey := NULL;
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
