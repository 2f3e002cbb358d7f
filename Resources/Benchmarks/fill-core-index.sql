-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- Fills the empty index that an Orthanc without plugin has made with synthetic rows, to measure
-- orthanc-registry-move: 100 instances per series, 2 series per study, 1 study per patient, with the tags, metadata and
-- changes that Orthanc 1.13 writes when it receives them.
--   sqlite3 -cmd '.parameter set @instances 1000000' index < fill-core-index.sql
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -500000;
BEGIN;

-- The triggers call functions of Orthanc.
DROP TRIGGER IF EXISTS PatientAdded;

CREATE TEMP TABLE Numbers AS
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @instances) SELECT i FROM n;

-- Internal ids: instances from 1 on, then series, studies and patients
CREATE TEMP TABLE Sizes AS
SELECT @instances AS series, @instances + @instances / 100 AS studies,
       @instances + @instances / 100 + @instances / 200 AS patients;

INSERT INTO Resources
SELECT i + 1, 4, printf('%08x-00000004-12345678-12345678-12345678', i * 2654435761 & 4294967295),
       (SELECT series FROM Sizes) + i / 100 + 1 FROM Numbers;
INSERT INTO Resources
SELECT (SELECT series FROM Sizes) + i / 100 + 1, 3, printf('%08x-00000003-12345678-12345678-12345678', i * 2654435761 & 4294967295),
       (SELECT studies FROM Sizes) + i / 200 + 1 FROM Numbers WHERE i % 100 = 0;
INSERT INTO Resources
SELECT (SELECT studies FROM Sizes) + i / 200 + 1, 2, printf('%08x-00000002-12345678-12345678-12345678', i * 2654435761 & 4294967295),
       (SELECT patients FROM Sizes) + i / 200 + 1 FROM Numbers WHERE i % 200 = 0;
INSERT INTO Resources
SELECT (SELECT patients FROM Sizes) + i / 200 + 1, 1, printf('%08x-00000001-12345678-12345678-12345678', i * 2654435761 & 4294967295),
       NULL FROM Numbers WHERE i % 200 = 0;
INSERT INTO PatientRecyclingOrder SELECT NULL, internalId FROM Resources WHERE resourceType = 1;

CREATE TEMP TABLE InstanceTags(tagGroup, tagElement, value);
INSERT INTO InstanceTags VALUES (8, 18, '20260101'), (8, 19, '120000'), (32, 19, '17'), (32, 50, '-125\-130\72.5'),
  (32, 55, '1\0\0\0\1\0'), (32, 256, '1'), (32, 16384, 'comment');
INSERT INTO MainDicomTags
SELECT i + 1, tagGroup, tagElement, value FROM Numbers CROSS JOIN InstanceTags
UNION ALL
SELECT i + 1, 8, 24, '1.2.840.113619.2.55.3.604688.119.' || i || '.1' FROM Numbers ORDER BY 1;
INSERT INTO DicomIdentifiers
SELECT i + 1, 8, 24, '1.2.840.113619.2.55.3.604688.119.' || i || '.1' FROM Numbers;

CREATE TEMP TABLE InstanceMetadata(type, value);
INSERT INTO InstanceMetadata VALUES (1, '17'), (2, '20260101T120000'), (3, 'MODALITY'), (8, 'DicomProtocol'),
  (9, '1.2.840.10008.1.2.1'), (10, '1.2.840.10008.5.1.4.1.1.2'), (11, '192.168.1.17'), (12, 'ORTHANC'), (14, '1420'),
  (15, '0008,0012;0008,0013;0008,0018;0020,0012;0020,0013;0020,0032;0020,0037;0020,0100;0020,4000;0028,0008;0054,1330');
INSERT INTO Metadata (id, type, value, revision)
SELECT i + 1, type, value, 0 FROM Numbers CROSS JOIN InstanceMetadata ORDER BY 1;

INSERT INTO AttachedFiles (id, fileType, uuid, compressedSize, uncompressedSize, compressionType, uncompressedMD5, compressedMD5, revision)
SELECT i + 1, 1, printf('%08x-1234-1234-1234-123456789abc', i * 2654435761 & 4294967295), 526000, 526000, 1,
       '0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef', 0 FROM Numbers;

INSERT INTO Changes SELECT NULL, 2, i + 1, 4, '20260101T120000' FROM Numbers;
INSERT INTO Changes SELECT NULL, resourceType + 10, internalId, resourceType, '20260101T120100'
FROM Resources WHERE resourceType < 4;

-- Patients, studies and series
INSERT INTO MainDicomTags
SELECT internalId, 16, 32, 'P' || internalId FROM Resources WHERE resourceType = 1 UNION ALL
SELECT internalId, 16, 16, 'Name^' || internalId FROM Resources WHERE resourceType = 1 UNION ALL
SELECT internalId, 32, 13, '1.2.840.2.' || internalId FROM Resources WHERE resourceType = 2 UNION ALL
SELECT internalId, 8, 4144, 'CT of the head' FROM Resources WHERE resourceType = 2 UNION ALL
SELECT internalId, 8, 96, 'CT' FROM Resources WHERE resourceType = 3 UNION ALL
SELECT internalId, 32, 14, '1.2.840.3.' || internalId FROM Resources WHERE resourceType = 3;
INSERT INTO DicomIdentifiers
SELECT id, tagGroup, tagElement, upper(value) FROM MainDicomTags
WHERE (tagGroup, tagElement) IN ((16, 32), (16, 16), (32, 13), (32, 14), (8, 4144));
INSERT INTO Metadata (id, type, value, revision)
SELECT internalId, 7, '20260101T120100', 0 FROM Resources WHERE resourceType < 4;

COMMIT;
