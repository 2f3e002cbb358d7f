-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The role that Orthanc works with: it reads and writes rows, but owns nothing and cannot change the schema. The role
-- that owns the tables is used for upgrades only. See Resources/Documentation/roles.md.
--
-- As an administrator of the server, connected to the database of Orthanc, after the owner has made the tables:
--
--   psql --dbname=orthanc --set=owner=orthanc --set=runtime=orthanc_runtime --file=runtime-role.sql
--   psql --dbname=orthanc --command='\password orthanc_runtime'
--
-- Another schema than "public" (option "Schema"): --set=schema=NAME. May be run again at any time, while Orthanc works.

\set ON_ERROR_STOP on
\if :{?owner}
\else
  DO $$ BEGIN RAISE EXCEPTION 'Say which role owns the tables: --set=owner=NAME'; END $$;
\endif
\if :{?runtime}
\else
  \set runtime orthanc_runtime
\endif
\if :{?schema}
\else
  \set schema public
\endif

\set QUIET on
SET client_min_messages = warning;
SELECT :'owner' = :'runtime' AS same \gset
\if :same
  DO $$ BEGIN RAISE EXCEPTION 'The owner and the runtime role must be two'; END $$;
\endif

BEGIN;
SELECT format('CREATE ROLE %I LOGIN', :'runtime')
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'runtime') \gexec

SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'runtime') \gexec

-- Until PostgreSQL 14, everybody could make objects in the schema "public".
REVOKE CREATE ON SCHEMA :"schema" FROM PUBLIC, :"runtime";
GRANT USAGE, CREATE ON SCHEMA :"schema" TO :"owner";
GRANT USAGE ON SCHEMA :"schema" TO :"runtime";

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO :"runtime";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA :"schema" TO :"runtime";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA :"schema" TO :"runtime";

-- The tables that jobs come to and go from are vacuumed by Orthanc. PostgreSQL 17 has a right for that; older ones leave
-- it to the owner, and to autovacuum.
SELECT format('GRANT MAINTAIN ON %I.%I TO %I', :'schema', c.relname, :'runtime')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE current_setting('server_version_num')::INTEGER >= 170000 AND n.nspname = :'schema' AND c.relname IN
  ('sharedjobs', 'sharedjobdetails', 'sharedjobruns') \gexec

-- What later upgrades make
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema"
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"runtime";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT USAGE, SELECT ON SEQUENCES TO :"runtime";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA :"schema" GRANT EXECUTE ON FUNCTIONS TO :"runtime";

-- Which upgrades have been made is written by the owner only.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %I.sharedversions FROM %I', :'schema', :'runtime')
WHERE to_regclass(format('%I.sharedversions', :'schema')) IS NOT NULL \gexec
COMMIT;

-- The files of the storage plugin: only the owner of a large object may remove it. One transaction for each, so that
-- any number of them can be changed, and the rest later if this is interrupted.
SET synchronous_commit = off;
\o /dev/null
SELECT to_regclass(format('%I.storagearea', :'schema')) IS NOT NULL AS "hasFiles" \gset
\if :hasFiles
  SELECT format('ALTER LARGE OBJECT %s OWNER TO %I', m.oid, :'runtime')
  FROM :"schema".StorageArea s JOIN pg_catalog.pg_largeobject_metadata m ON m.oid = s.content
  WHERE m.lomowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = :'runtime') \gexec
\endif
\o
SET synchronous_commit = on;

-- What is not as it should be, one line each
\pset tuples_only on
SELECT CASE
    WHEN c.oid IS NULL THEN 'There are no tables yet: run Orthanc with --upgrade as the owner, then this script again'
    WHEN c.relowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = :'owner')
    THEN format('The tables belong to %I, not to the owner that was named', pg_catalog.pg_get_userbyid(c.relowner))
  END AS warning
FROM (VALUES (to_regclass(format('%I.resources', :'schema')))) AS t (resources)
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.resources
WHERE c.oid IS NULL OR c.relowner <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = :'owner')
UNION ALL
SELECT format('%I still has the right "%s"', rolname, excess)
FROM pg_catalog.pg_roles,
     LATERAL (VALUES ('superuser', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
                     ('owner', pg_has_role(rolname, :'owner', 'MEMBER')),
                     ('CREATE', has_schema_privilege(rolname, :'schema', 'CREATE'))) AS e (excess, present)
WHERE rolname = :'runtime' AND present;
