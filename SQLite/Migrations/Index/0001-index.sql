-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- The DICOM index: the tables of PostgreSQL/Migrations/Index/0001-index.sql in the words of SQLite.

CREATE TABLE GlobalProperties
(
  property INTEGER PRIMARY KEY,
  value TEXT
);

CREATE TABLE ServerProperties
(
  server VARCHAR(64) NOT NULL,
  property INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (server, property)
);

CREATE TABLE Resources
(
  internalId INTEGER PRIMARY KEY AUTOINCREMENT,
  resourceType INTEGER NOT NULL,
  publicId VARCHAR(64) NOT NULL,
  parentId BIGINT REFERENCES Resources (internalId),
  childCount INTEGER,
  CONSTRAINT UniquePublicId UNIQUE (publicId)
);

CREATE TABLE MainDicomTags
(
  id BIGINT NOT NULL REFERENCES Resources (internalId) ON DELETE CASCADE,
  tagGroup INTEGER NOT NULL,
  tagElement INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (id, tagGroup, tagElement)
);

CREATE TABLE DicomIdentifiers
(
  id BIGINT NOT NULL REFERENCES Resources (internalId) ON DELETE CASCADE,
  tagGroup INTEGER NOT NULL,
  tagElement INTEGER NOT NULL,
  value TEXT,
  PRIMARY KEY (id, tagGroup, tagElement)
);

CREATE TABLE Metadata
(
  id BIGINT NOT NULL REFERENCES Resources (internalId) ON DELETE CASCADE,
  type INTEGER NOT NULL,
  value TEXT,
  revision INTEGER,
  PRIMARY KEY (id, type)
);

CREATE TABLE AttachedFiles
(
  id BIGINT NOT NULL REFERENCES Resources (internalId) ON DELETE CASCADE,
  fileType INTEGER NOT NULL,
  uuid VARCHAR(64) NOT NULL,
  compressedSize BIGINT,
  uncompressedSize BIGINT,
  compressionType INTEGER,
  uncompressedHash VARCHAR(40),
  compressedHash VARCHAR(40),
  revision INTEGER,
  customData BLOB,
  PRIMARY KEY (id, fileType)
);

CREATE TABLE Changes
(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  changeType INTEGER,
  internalId BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  resourceType INTEGER,
  date VARCHAR(64)
);

CREATE TABLE ExportedResources
(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  resourceType INTEGER,
  publicId VARCHAR(64),
  remoteModality TEXT,
  patientId VARCHAR(64),
  studyInstanceUid TEXT,
  seriesInstanceUid TEXT,
  sopInstanceUid TEXT,
  date VARCHAR(64)
);

CREATE TABLE Labels
(
  id BIGINT NOT NULL REFERENCES Resources (internalId) ON DELETE CASCADE,
  label TEXT NOT NULL,
  PRIMARY KEY (id, label)
);

-- Keys: 0 compressed size, 1 uncompressed size, 2 to 5 number of patients to instances
CREATE TABLE GlobalIntegers
(
  key INTEGER PRIMARY KEY,
  value BIGINT
);

-- Always empty here: there is one writer, who adds to GlobalIntegers at once.
CREATE TABLE GlobalIntegersChanges
(
  pk INTEGER PRIMARY KEY AUTOINCREMENT,
  key INTEGER,
  value BIGINT
);

CREATE TABLE InvalidChildCounts
(
  pk INTEGER PRIMARY KEY AUTOINCREMENT,
  id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
  updatedAt TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE KeyValueStores
(
  storeId TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (storeId, key)
);

-- reservedUntil: seconds since 1970
CREATE TABLE Queues
(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queueId TEXT NOT NULL,
  value BLOB NOT NULL,
  reservedUntil BIGINT
);

CREATE TABLE AuditLogs
(
  ts TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  sourcePlugin TEXT NOT NULL,
  userId TEXT NOT NULL,
  resourceType INTEGER NOT NULL,
  resourceId VARCHAR(64) NOT NULL,
  action TEXT NOT NULL,
  logData BLOB
);

INSERT INTO GlobalProperties (property, value)
VALUES (1, '6'), (4, '10'), (6, '1'), (10, '1'), (11, '3'), (12, '1'), (13, '1'), (14, '1');

INSERT INTO GlobalIntegers (key, value)
VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);

CREATE INDEX ChildrenIndex2 ON Resources (parentId, publicId);
CREATE INDEX SharedLevelIndex ON Resources (resourceType, publicId);
CREATE INDEX DicomIdentifiersIndex3 ON DicomIdentifiers (tagGroup, tagElement, value);
CREATE INDEX ChangesIndex ON Changes (internalId);
CREATE INDEX LabelsIndex2 ON Labels (label);
CREATE INDEX QueuesIndex ON Queues (queueId, id);
CREATE INDEX InvalidChildCountsId ON InvalidChildCounts (id);
CREATE INDEX AuditLogsUserId ON AuditLogs (userId);
CREATE INDEX AuditLogsResourceId ON AuditLogs (resourceId);
CREATE INDEX SharedAuditLogsTime ON AuditLogs (ts);
CREATE INDEX SharedAttachmentsUuid ON AttachedFiles (uuid);
CREATE INDEX SharedRecyclingIndex ON Metadata (CAST(value AS INTEGER), id) WHERE type = 19;

CREATE TRIGGER SharedResourceInserted AFTER INSERT ON Resources
BEGIN
  UPDATE GlobalIntegers SET value = value + 1 WHERE key = new.resourceType + 2;
END;

CREATE TRIGGER SharedResourceDeleted AFTER DELETE ON Resources
BEGIN
  UPDATE GlobalIntegers SET value = value - 1 WHERE key = old.resourceType + 2;
END;

CREATE TRIGGER SharedAttachmentInserted AFTER INSERT ON AttachedFiles
BEGIN
  UPDATE GlobalIntegers SET value = value + new.compressedSize WHERE key = 0;
  UPDATE GlobalIntegers SET value = value + new.uncompressedSize WHERE key = 1;
END;

CREATE TRIGGER SharedAttachmentDeleted AFTER DELETE ON AttachedFiles
BEGIN
  UPDATE GlobalIntegers SET value = value - old.compressedSize WHERE key = 0;
  UPDATE GlobalIntegers SET value = value - old.uncompressedSize WHERE key = 1;
END;
