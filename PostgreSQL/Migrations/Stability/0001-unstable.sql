-- SPDX-License-Identifier: GPL-3.0-or-later

-- The patients, studies and series that have received instances, until they are stable. No foreign key, which would
-- cost each ingest; rows of deleted resources are removed when they are due.
CREATE TABLE SharedUnstable(
  internalId BIGINT PRIMARY KEY,
  level INTEGER NOT NULL CHECK (level IN (0, 1, 2)),
  publicId TEXT NOT NULL,
  lastAt BIGINT NOT NULL,
  claimedUntil BIGINT
);

CREATE INDEX SharedUnstableLast ON SharedUnstable(lastAt);
