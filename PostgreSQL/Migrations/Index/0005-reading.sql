-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The limit of the visible changes, as in 0001, but the list of all locks of the server is only read if a number has
-- been drawn since the session has read it last: what was decided then stays so. The session, and not the process
-- of Orthanc, keeps it, so that it ends with the server, whose successor may give numbers out again.

CREATE OR REPLACE FUNCTION SharedVisibleChangesLimit() RETURNS BIGINT
LANGUAGE plpgsql VOLATILE AS
$$
DECLARE
  given BIGINT;
  announced BIGINT;
  decided TEXT;
BEGIN
  SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END INTO given FROM Changes_seq_seq;

  decided := current_schema() || ':' || given;
  IF current_setting('registry.decided_changes', TRUE) = decided THEN
    RETURN given;
  END IF;

  SELECT MIN(l.key & 1099511627775) INTO announced
  FROM (SELECT (CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT) AS key
        FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND pid <> pg_backend_pid()
          AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) l
  WHERE l.key & ~1099511627775 = SharedLockKey('changes');

  IF announced IS NULL THEN
    PERFORM set_config('registry.decided_changes', decided, FALSE);
  END IF;
  RETURN LEAST(given, announced);
END
$$;
