-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What the Find compiler needs: functions that SQLite/SQLiteFindFunctions.cpp has under the same names, and indexes
-- in the order of the bytes on the tables of a database that was not created by us.

-- Upper case of Unicode, whatever the locale of the database: by the first provider that this server has.
DO $$
DECLARE
  provider TEXT;
BEGIN
  FOREACH provider IN ARRAY ARRAY['und-x-icu', 'pg_c_utf8', 'C.utf8', 'default']
  LOOP
    BEGIN
      EXECUTE format('CREATE OR REPLACE FUNCTION SharedFold(content TEXT) RETURNS TEXT '
                     'LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS %L',
                     format('SELECT upper($1 COLLATE pg_catalog.%I)', provider));
      PERFORM SharedFold('a');
      EXIT;
    EXCEPTION WHEN OTHERS THEN
      RAISE DEBUG 'Collation %: %', provider, SQLERRM;
    END;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION SharedInteger(content TEXT) RETURNS BIGINT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$
  SELECT CASE WHEN $1 ~ '^ *[-+]?[0-9]{1,18} *$' THEN CAST($1 AS BIGINT) END
$$;

CREATE OR REPLACE FUNCTION SharedReal(content TEXT) RETURNS DOUBLE PRECISION
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$
  SELECT CASE
    WHEN length(btrim($1)) <= 64 AND $1 ~ '^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,2})? *$'
    THEN CAST($1 AS DOUBLE PRECISION)
  END
$$;

DO $$
BEGIN
  IF 'C' <> (SELECT c.collname
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
             WHERE a.attrelid = 'DicomIdentifiers'::regclass AND a.attname = 'value')
  THEN
    CREATE INDEX IF NOT EXISTS SharedIdentifiersIndex ON DicomIdentifiers (tagGroup, tagElement, value COLLATE "C");
    CREATE INDEX IF NOT EXISTS SharedPublicIdIndex ON Resources (resourceType, publicId COLLATE "C");
  END IF;
END
$$;
