-- SPDX-License-Identifier: GPL-3.0-or-later

-- The two lists: 0 = modalities, 1 = peers. Whoever writes to a list locks its row first and raises its version by one
-- for each entry that changes, so that versions become visible in their order. "importedAt": the lists that the stock
-- plugin keeps for each server have been merged.
CREATE TABLE SharedDirectories(
  kind INTEGER PRIMARY KEY CHECK (kind IN (0, 1)),
  version BIGINT NOT NULL CHECK (version >= 0),
  importedAt BIGINT
);

INSERT INTO SharedDirectories(kind, version) VALUES (0, 0), (1, 0);

-- "version" is that of the list at the last change of the entry. A deleted entry stays, without configuration, so that
-- its revision never goes back.
CREATE TABLE SharedModalities(
  name TEXT PRIMARY KEY CHECK (length(name) > 0),
  revision BIGINT NOT NULL CHECK (revision >= 1),
  version BIGINT NOT NULL CHECK (version >= 1),
  configuration TEXT,
  changedAt BIGINT NOT NULL
);

CREATE INDEX SharedModalitiesVersion ON SharedModalities(version);

-- "secrets" is the part of the configuration that must not be seen, as JSON: encrypted with the key "keyId", or in the
-- clear if that is NULL.
CREATE TABLE SharedPeers(
  name TEXT PRIMARY KEY CHECK (length(name) > 0),
  revision BIGINT NOT NULL CHECK (revision >= 1),
  version BIGINT NOT NULL CHECK (version >= 1),
  configuration TEXT,
  changedAt BIGINT NOT NULL,
  secrets BYTEA,
  keyId TEXT,
  CONSTRAINT DeletedHasNoSecrets CHECK (configuration IS NOT NULL OR secrets IS NULL),
  CONSTRAINT KeyHasSecrets CHECK (keyId IS NULL OR secrets IS NOT NULL)
);

CREATE INDEX SharedPeersVersion ON SharedPeers(version);

-- Who changed what: values without their secrets, NULL where there was or is no entry
CREATE TABLE SharedDirectoryHistory(
  kind INTEGER NOT NULL REFERENCES SharedDirectories(kind),
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  revision BIGINT NOT NULL,
  changedAt BIGINT NOT NULL,
  oldValue TEXT,
  newValue TEXT,
  reason TEXT NOT NULL DEFAULT '',
  replica TEXT NOT NULL,
  userName TEXT NOT NULL DEFAULT '',
  remoteIp TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (kind, version)
);

CREATE INDEX SharedDirectoryHistoryTime ON SharedDirectoryHistory(changedAt);

-- Entries that a server cannot use, and why
CREATE TABLE SharedDirectoryProblems(
  kind INTEGER NOT NULL REFERENCES SharedDirectories(kind),
  name TEXT NOT NULL,
  serverIdentifier TEXT NOT NULL,
  replica TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason TEXT NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (kind, name, serverIdentifier)
);
