-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The same as for PostgreSQL, but for the constraint: SQLite cannot take it away.
ALTER TABLE SharedJobs ADD COLUMN nextNote TEXT;
ALTER TABLE SharedJobs ADD COLUMN nextCount INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER NextCountUpdates AFTER UPDATE OF revision ON SharedJobs
BEGIN
  UPDATE SharedJobs SET nextCount = old.nextCount + 1 WHERE id = new.id;
END;
