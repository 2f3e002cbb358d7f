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
