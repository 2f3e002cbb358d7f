-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The same as for PostgreSQL, see there.
ALTER TABLE Resources ADD COLUMN nextNote TEXT;

CREATE TABLE NextResources(
  internalId INTEGER PRIMARY KEY,
  seenAt INTEGER NOT NULL
);

DROP TRIGGER SharedResourceInserted;
CREATE TRIGGER SharedResourceInserted AFTER INSERT ON Resources
BEGIN
  UPDATE GlobalIntegers SET value = value + 1 WHERE key = new.resourceType + 2;
  INSERT INTO NextResources(internalId, seenAt) VALUES (new.internalId, SharedNow());
END;
