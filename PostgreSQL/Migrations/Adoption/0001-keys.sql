-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- A database of the stock plugin, revision 1 to 10: what takes time. Every revision of stock can still be started
-- after this step, so that it may be interrupted. Each statement looks at what is there and not at the revision.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint
                 WHERE conrelid = to_regclass('resources') AND conname = 'uniquepublicid')
  THEN
    ALTER TABLE Resources ADD CONSTRAINT UniquePublicId UNIQUE (publicId);
  END IF;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'A resource is there twice, which no database may hold (%)', SQLERRM
    USING HINT = 'Delete one of the two with the stock plugin first';
END
$$;

CREATE INDEX IF NOT EXISTS ChildrenIndex2 ON Resources (parentId) INCLUDE (publicId, internalId);
