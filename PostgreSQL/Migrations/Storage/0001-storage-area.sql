-- SPDX-License-Identifier: GPL-3.0-or-later
-- The table of the stock storage plugin: one large object per file, removed with its row.

CREATE TABLE IF NOT EXISTS StorageArea (
  uuid VARCHAR NOT NULL PRIMARY KEY,
  content OID NOT NULL,
  type INTEGER NOT NULL
);

CREATE OR REPLACE RULE StorageAreaDelete AS
  ON DELETE TO StorageArea
  DO ALSO SELECT lo_unlink(OLD.content);
