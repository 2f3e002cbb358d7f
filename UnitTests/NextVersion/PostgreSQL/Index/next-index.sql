-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- A next version of the plugin, for the tests of rolling upgrades alone: a column, a table, and a function of a
-- trigger that does more than before.
ALTER TABLE Resources ADD COLUMN nextNote TEXT;

CREATE TABLE NextResources(
  internalId BIGINT PRIMARY KEY,
  seenAt BIGINT NOT NULL
);

CREATE OR REPLACE FUNCTION SharedCountInsertedResources() RETURNS TRIGGER
LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO GlobalIntegersChanges (key, value)
  SELECT resourceType + 2, COUNT(*) FROM modified GROUP BY resourceType;
  INSERT INTO NextResources(internalId, seenAt) SELECT internalId, SharedNow() FROM modified;
  RETURN NULL;
END
$$;
