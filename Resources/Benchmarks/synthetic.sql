-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- psql: makes the instances :first to :last - 1 in the tables of the stock plugin, of any revision; both are
-- multiples of 40. 10 instances per series, 2 series per study, 2 studies per patient. What they have in common
-- is copied from the first patient, study, series and instance of the index, so it is as the plugin and the core
-- have written it. See data.py for the other half of the formulas.
\set ON_ERROR_STOP on
SET session_replication_role = replica;
SET synchronous_commit = off;

SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'resources' AND column_name = 'childcount')
         AS has_child_count,
       to_regclass('PatientRecyclingOrder') IS NOT NULL AS has_recycling_order,
       to_regclass('Labels') IS NOT NULL AS has_labels
\gset

-- The numbers of the new rows are drawn at once.
SELECT last_value AS base FROM Resources_internalId_seq
\gset
SELECT (:last - :first) / 40 AS patients
\gset

CREATE FUNCTION pg_temp.MakePublicId(level TEXT, number BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$
  SELECT regexp_replace(md5(level || number) || left(md5(number || level), 8), '(.{8})(.{8})(.{8})(.{8})(.{8})',
                        '\1-\2-\3-\4-\5')
$$;

-- level: as in Resources; number: of that patient, study, series or instance in the whole synthetic set
CREATE TEMPORARY TABLE Made AS
SELECT level, number, :base + 1 + offsets.first + number - per.level_first AS id, childCount,
       CASE level WHEN 1 THEN :base + 1 + number / 2 - :first / 40
                  WHEN 2 THEN :base + 1 + :patients + number / 2 - :first / 20
                  WHEN 3 THEN :base + 1 + 3 * :patients + number / 10 - :first / 10 END AS parent,
       pg_temp.MakePublicId((ARRAY['patient', 'study', 'series', 'instance'])[level + 1], number) AS publicId
FROM (VALUES (0, 40, 0, 2), (1, 20, 1, 2), (2, 10, 3, 10), (3, 1, 7, 0)) AS levels (level, size, before, childCount),
     LATERAL (SELECT before * :patients AS first) AS offsets,
     LATERAL (SELECT :first / size AS level_first) AS per,
     LATERAL generate_series(:first / size, :last / size - 1) AS number;
SELECT setval('Resources_internalId_seq', (SELECT MAX(id) FROM Made)) \g /dev/null
ANALYZE Made;

CREATE TEMPORARY TABLE Templates AS
SELECT resourceType AS level, MIN(internalId) AS id FROM Resources WHERE internalId <= :base GROUP BY resourceType;

\if :has_child_count
INSERT INTO Resources (internalId, resourceType, publicId, parentId, childCount)
SELECT id, level, publicId, parent, childCount FROM Made ORDER BY id;
\else
INSERT INTO Resources (internalId, resourceType, publicId, parentId)
SELECT id, level, publicId, parent FROM Made ORDER BY id;
\endif

-- What differs from the template. Patient, study and series are the numbers of the ancestors.
CREATE FUNCTION pg_temp.MakeValue(level INTEGER, number BIGINT, tagGroup INTEGER, tagElement INTEGER, common TEXT)
RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$
  SELECT CASE tagGroup * 65536 + tagElement
    WHEN x'00100020'::int THEN 'BENCH' || lpad((number / s.size)::text, 6, '0')
    WHEN x'00100010'::int THEN 'FAMILY' || (number / s.size) % 997 || '^GIVEN' || number / s.size
    WHEN x'0020000D'::int THEN '1.2.3.' || number
    WHEN x'00080050'::int THEN 'ACC' || number
    WHEN x'00080020'::int THEN to_char(DATE '2010-01-01' + CAST(number * 7 % 5000 AS INTEGER), 'YYYYMMDD')
    WHEN x'00081030'::int THEN 'CT BENCH ' || number % 50
    WHEN x'0020000E'::int THEN '1.2.3.4.' || number
    WHEN x'00080060'::int THEN (ARRAY['CT', 'MR', 'US'])[number % 3 + 1]
    WHEN x'00080018'::int THEN '1.2.3.4.5.' || number
    WHEN x'00200013'::int THEN CAST(number % 10 + 1 AS TEXT)
    ELSE common END
  FROM (SELECT CASE level WHEN 0 THEN 1 ELSE 2 END AS size) AS s
$$;

INSERT INTO MainDicomTags (id, tagGroup, tagElement, value)
SELECT m.id, t.tagGroup, t.tagElement, pg_temp.MakeValue(m.level, m.number, t.tagGroup, t.tagElement, t.value)
FROM Made m JOIN Templates USING (level) JOIN MainDicomTags t ON t.id = Templates.id ORDER BY m.id;
INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value)
SELECT m.id, t.tagGroup, t.tagElement, pg_temp.MakeValue(m.level, m.number, t.tagGroup, t.tagElement, t.value)
FROM Made m JOIN Templates USING (level) JOIN DicomIdentifiers t ON t.id = Templates.id ORDER BY m.id;

-- 19: the place in the order of recycling
INSERT INTO Metadata (id, type, value, revision)
SELECT m.id, t.type, CASE WHEN t.type = 19 THEN CAST(nextval('PatientRecyclingOrderSequence') AS TEXT) ELSE t.value END,
       t.revision
FROM Made m JOIN Templates USING (level) JOIN Metadata t ON t.id = Templates.id ORDER BY m.id;
\if :has_recycling_order
INSERT INTO PatientRecyclingOrder (patientId) SELECT id FROM Made WHERE level = 0 ORDER BY id;
\endif

INSERT INTO AttachedFiles (id, fileType, uuid, compressedSize, uncompressedSize, compressionType, uncompressedHash,
                           compressedHash, revision)
SELECT m.id, a.fileType, regexp_replace(md5('file' || a.fileType || m.number), '(.{8})(.{4})(.{4})(.{4})(.{12})',
                                        '\1-\2-\3-\4-\5'),
       a.compressedSize, a.uncompressedSize, a.compressionType, a.uncompressedHash, a.compressedHash, a.revision
FROM Made m JOIN Templates USING (level) JOIN AttachedFiles a ON a.id = Templates.id ORDER BY m.id;

INSERT INTO Changes (changeType, internalId, resourceType, date)
SELECT (ARRAY[3, 5, 4, 2])[level + 1], id, level, '20200101T120000' FROM Made ORDER BY id;

\if :has_labels
INSERT INTO Labels (id, label) SELECT id, 'rare' FROM Made WHERE level = 1 AND number % 100 = 0;
INSERT INTO Labels (id, label) SELECT id, 'half' FROM Made WHERE level = 1 AND number % 2 = 0;
\endif

INSERT INTO GlobalIntegersChanges (key, value) SELECT level + 2, COUNT(*) FROM Made GROUP BY level;
INSERT INTO GlobalIntegersChanges (key, value)
SELECT k.key, k.total
FROM (SELECT SUM(compressedSize) AS compressed, SUM(uncompressedSize) AS uncompressed
      FROM AttachedFiles a JOIN Made m ON m.id = a.id) s,
     LATERAL (VALUES (0, s.compressed), (1, s.uncompressed)) AS k (key, total);
UPDATE GlobalIntegers SET value = (SELECT MAX(seq) FROM Changes) WHERE key = 6;

DROP TABLE Made, Templates;
SET session_replication_role = DEFAULT;
VACUUM ANALYZE;
CHECKPOINT;
