// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Move/SourceFile.h"

#include "Framework/Common/Uuid.h"

#include <stdexcept>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* TABLES = R"(
      CREATE TABLE GlobalProperties(property INTEGER PRIMARY KEY, value TEXT);
      CREATE TABLE Resources(internalId INTEGER PRIMARY KEY AUTOINCREMENT, resourceType INTEGER, publicId TEXT,
        parentId INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE);
      CREATE TABLE MainDicomTags(id INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE, tagGroup INTEGER,
        tagElement INTEGER, value TEXT, PRIMARY KEY(id, tagGroup, tagElement));
      CREATE TABLE DicomIdentifiers(id INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE,
        tagGroup INTEGER, tagElement INTEGER, value TEXT, PRIMARY KEY(id, tagGroup, tagElement));
      CREATE TABLE Metadata(id INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE, type INTEGER,
        value TEXT, PRIMARY KEY(id, type));
      CREATE TABLE AttachedFiles(id INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE, fileType INTEGER,
        uuid TEXT, compressedSize INTEGER, uncompressedSize INTEGER, compressionType INTEGER,
        uncompressedMD5 TEXT, compressedMD5 TEXT, PRIMARY KEY(id, fileType));
      CREATE TABLE Changes(seq INTEGER PRIMARY KEY AUTOINCREMENT, changeType INTEGER,
        internalId INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE, resourceType INTEGER, date TEXT);
      CREATE TABLE ExportedResources(seq INTEGER PRIMARY KEY AUTOINCREMENT, resourceType INTEGER, publicId TEXT,
        remoteModality TEXT, patientId TEXT, studyInstanceUid TEXT, seriesInstanceUid TEXT, sopInstanceUid TEXT,
        date TEXT);
      CREATE TABLE PatientRecyclingOrder(seq INTEGER PRIMARY KEY AUTOINCREMENT,
        patientId INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE);
      CREATE INDEX ResourceTypeIndex ON Resources(resourceType);
      CREATE INDEX PublicIndex ON Resources(publicId);
      INSERT INTO GlobalProperties VALUES (1, '6'), (6, '1');)";

    constexpr const char* LABELS = R"(
      CREATE TABLE Labels(id INTEGER REFERENCES Resources(internalId) ON DELETE CASCADE, label TEXT NOT NULL,
        PRIMARY KEY(id, label));)";

    constexpr const char* NEWEST = R"(
      ALTER TABLE Metadata ADD COLUMN revision INTEGER;
      ALTER TABLE AttachedFiles ADD COLUMN revision INTEGER;
      ALTER TABLE AttachedFiles ADD COLUMN customData BLOB;
      INSERT INTO GlobalProperties VALUES (7, '1');
      CREATE TABLE KeyValueStores(storeId TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY(storeId, key));
      CREATE TABLE Queues(id INTEGER PRIMARY KEY AUTOINCREMENT, queueId TEXT NOT NULL, value BLOB NOT NULL,
        reservedUntil INTEGER DEFAULT NULL);)";

    constexpr const char* ROWS = R"(
      INSERT INTO Resources VALUES
        (1, 4, 'A1', 4), (2, 1, 'A', NULL), (3, 2, 'AS', 2), (4, 3, 'AR', 3),
        (5, 4, 'A2', 6), (6, 3, 'AR2', 3),
        (7, 4, 'B1', 10), (8, 1, 'B', NULL), (9, 2, 'BS', 8), (10, 3, 'BR', 9), (11, 4, 'B2', 10),
        (12, 4, 'C1', 15), (13, 1, 'C', NULL), (14, 2, 'CS', 13), (15, 3, 'CR', 14), (16, 1, 'gone', NULL);
      DELETE FROM Resources WHERE internalId = 16;
      INSERT INTO MainDicomTags VALUES (2, 16, 16, 'Ünïcode^Ä'), (2, 16, 32, 'A'), (3, 32, 13, '1.2.3'),
        (8, 16, 32, NULL), (13, 16, 16, CAST(x'4300ff' AS TEXT)), (1, 8, 24, '1.2.3.4');
      INSERT INTO DicomIdentifiers VALUES (2, 16, 32, 'A'), (3, 32, 13, '1.2.3'), (8, 16, 32, 'B');
      INSERT INTO Metadata(id, type, value) VALUES (1, 2, '20260101T000000'), (2, 7, 'updated'), (2, 1024, 'own');
      INSERT INTO AttachedFiles(id, fileType, uuid, compressedSize, uncompressedSize, compressionType,
        uncompressedMD5, compressedMD5) VALUES
        (1, 1, 'uuid-a1', 10, 20, 2, 'u1', 'c1'), (5, 1, 'uuid-a2', 30, 30, 1, 'u2', 'u2'),
        (3, 1030, 'uuid-as', 5000000000, 5, 1, '', NULL);
      INSERT INTO Changes VALUES (1, 2, 1, 4, '20260101T000001'), (2, 3, 2, 1, '20260101T000002'),
        (5, 13, 9, 2, '20260101T000005'), (9, 2, 12, 4, 'gone');
      DELETE FROM Changes WHERE seq = 9;
      INSERT INTO ExportedResources VALUES (3, 4, 'A1', 'pacs', 'A', '1.2', '1.2.3', '1.2.3.4', '20260101T000006'),
        (4, 1, 'A', 'pacs', printf('%.*c', 80, 'x'), '', '', '', '20260101T000007'), (6, 1, 'A', '', '', '', '', '', '');
      DELETE FROM ExportedResources WHERE seq = 6;
      INSERT INTO PatientRecyclingOrder VALUES (1, 2), (7, 13), (8, 8), (20, NULL);
      DELETE FROM PatientRecyclingOrder WHERE seq IN (1, 20);
      INSERT INTO GlobalProperties VALUES (3, '42'), (20, '{"pacs":["PACS","localhost",104]}'), (1030, 'of a plugin');)";

    constexpr const char* LABEL_ROWS =
        "INSERT INTO Labels VALUES (3, 'urgent'), (3, 'research'), (8, 'urgent');";

    constexpr const char* NEWEST_ROWS = R"(
      UPDATE Metadata SET revision = 5 WHERE type = 1024;
      UPDATE AttachedFiles SET revision = 7, customData = x'00ff10' WHERE id = 3;
      INSERT INTO KeyValueStores VALUES ('store', 'key', x'00ff'), ('store', 'empty', x''), ('other', 'ä', x'41');
      INSERT INTO Queues VALUES (1, 'queue', x'00', NULL), (4, 'queue', x'41', 1), (9, 'queue', x'', NULL);
      DELETE FROM Queues WHERE id = 9;)";

    SourceFile::Handle Open(const std::filesystem::path& path)
    {
      sqlite3* handle = nullptr;
      const int code = sqlite3_open(path.c_str(), &handle);
      SourceFile::Handle owner(handle);
      if (code != SQLITE_OK)
      {
        throw std::runtime_error(sqlite3_errmsg(handle));
      }
      return owner;
    }

    void Run(const SourceFile::Handle& handle, const std::string& sql)
    {
      if (sqlite3_exec(handle.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      {
        throw std::runtime_error(sqlite3_errmsg(handle.get()));
      }
    }
  }

  SourceFile::SourceFile(CoreVersion version)
      : version_(version),
        folder_(std::filesystem::temp_directory_path() / ("registry-test-move-" + GenerateUuid()))
  {
    std::filesystem::create_directory(folder_);
    Execute(TABLES);
    if (version != CoreVersion::V1_10)
    {
      Execute(LABELS);
    }
    if (version == CoreVersion::V1_13)
    {
      Execute(NEWEST);
    }
  }

  SourceFile::~SourceFile()
  {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  SourceFile::Handle SourceFile::OpenAsOrthanc() const
  {
    Handle handle = Open(GetPath());
    Run(handle, "PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE; SELECT COUNT(*) FROM Resources");
    return handle;
  }

  void SourceFile::Execute(const std::string& sql) const
  {
    Run(Open(GetPath()), sql);
  }

  void SourceFile::Fill() const
  {
    Execute(ROWS);
    if (version_ != CoreVersion::V1_10)
    {
      Execute(LABEL_ROWS);
    }
    if (version_ == CoreVersion::V1_13)
    {
      Execute(NEWEST_ROWS);
    }
  }
}
