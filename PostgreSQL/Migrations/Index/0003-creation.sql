-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Creation of instances, as in 0001, but for an instance that was seen between two deletions of its patient: it is
-- only answered as known while the gate of its patient is held.

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

    SELECT internalId INTO instanceKey FROM Resources WHERE publicId = instance;
    IF FOUND THEN
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

  SELECT e.id, e.isNew INTO studyKey, isNewStudy FROM SharedEnsureResource(study, 1, patientKey) e;
  SELECT e.id, e.isNew INTO seriesKey, isNewSeries FROM SharedEnsureResource(series, 2, studyKey) e;
  SELECT e.id, e.isNew INTO instanceKey, isNewInstance FROM SharedEnsureResource(instance, 3, seriesKey) e;
  PERFORM SharedTouchPatient(patientKey);
END
$$;
