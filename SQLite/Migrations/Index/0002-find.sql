-- SPDX-License-Identifier: GPL-3.0-or-later
--
-- What the planner of SQLite is to know of a filled index, as nobody runs ANALYZE: otherwise it looks at all resources
-- of a level instead of beginning with the identifier that is searched. Rows per table, then rows per distinct value
-- of the first column, of the first two columns, ...

ANALYZE sqlite_schema; -- only creates the table

DELETE FROM sqlite_stat1;

INSERT INTO sqlite_stat1 (tbl, idx, stat)
VALUES
  ('Resources', 'SharedLevelIndex', '1000000 250000 1'),
  ('Resources', 'sqlite_autoindex_Resources_1', '1000000 1'),
  ('Resources', 'ChildrenIndex2', '1000000 20 1'),
  ('DicomIdentifiers', 'sqlite_autoindex_DicomIdentifiers_1', '300000 4 2 1'),
  ('DicomIdentifiers', 'DicomIdentifiersIndex3', '300000 100000 50000 2'),
  ('MainDicomTags', 'sqlite_autoindex_MainDicomTags_1', '8000000 8 3 1'),
  ('Metadata', 'sqlite_autoindex_Metadata_1', '5000000 5 1'),
  ('Labels', 'sqlite_autoindex_Labels_1', '10000 2 1'),
  ('Labels', 'LabelsIndex2', '10000 500');

ANALYZE sqlite_schema; -- only reads the table again
