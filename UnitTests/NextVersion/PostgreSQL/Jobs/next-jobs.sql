-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Jobs of a third origin, which older replicas show and leave alone; and what every update passes through.
ALTER TABLE SharedJobs
  ADD COLUMN nextNote TEXT,
  ADD COLUMN nextCount INTEGER NOT NULL DEFAULT 0;

ALTER TABLE SharedJobs
  DROP CONSTRAINT SharedJobs_origin_check,
  DROP CONSTRAINT LocalIsPinned,
  DROP CONSTRAINT LocalHasLocalId,
  ADD CONSTRAINT OriginIsKnown CHECK (origin IN (0, 1, 2)) NOT VALID,
  ADD CONSTRAINT LocalIsPinned CHECK (origin <> 1 OR (owner IS NOT NULL AND localId IS NOT NULL AND localId = id))
    NOT VALID;

CREATE FUNCTION NextCountUpdates() RETURNS TRIGGER
LANGUAGE plpgsql AS
$$
BEGIN
  NEW.nextCount := OLD.nextCount + 1;
  RETURN NEW;
END
$$;

CREATE TRIGGER NextCountUpdates BEFORE UPDATE ON SharedJobs FOR EACH ROW EXECUTE FUNCTION NextCountUpdates();
