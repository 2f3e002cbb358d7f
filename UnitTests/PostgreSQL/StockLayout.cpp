// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/PostgreSQL/StockLayout.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* TABLES = R"sql(
      CREATE TABLE GlobalProperties (property INTEGER PRIMARY KEY, value TEXT);
      CREATE TABLE ServerProperties (server VARCHAR(64) NOT NULL, property INTEGER, value TEXT,
        PRIMARY KEY (server, property));
      CREATE TABLE Resources (internalId BIGSERIAL PRIMARY KEY, resourceType INTEGER NOT NULL,
        publicId VARCHAR(64) NOT NULL, parentId BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE);
      CREATE TABLE MainDicomTags (id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, tagGroup INTEGER,
        tagElement INTEGER, value TEXT, PRIMARY KEY (id, tagGroup, tagElement));
      CREATE TABLE DicomIdentifiers (id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE,
        tagGroup INTEGER, tagElement INTEGER, value TEXT, PRIMARY KEY (id, tagGroup, tagElement));
      CREATE TABLE Metadata (id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, type INTEGER NOT NULL,
        value TEXT, revision INTEGER, PRIMARY KEY (id, type));
      CREATE TABLE AttachedFiles (id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, fileType INTEGER,
        uuid VARCHAR(64) NOT NULL, compressedSize BIGINT, uncompressedSize BIGINT, compressionType INTEGER,
        uncompressedHash VARCHAR(40), compressedHash VARCHAR(40), revision INTEGER, PRIMARY KEY (id, fileType));
      CREATE TABLE Changes (seq BIGSERIAL PRIMARY KEY, changeType INTEGER,
        internalId BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, resourceType INTEGER,
        date VARCHAR(64));
      CREATE TABLE ExportedResources (seq BIGSERIAL PRIMARY KEY, resourceType INTEGER, publicId VARCHAR(64),
        remoteModality TEXT, patientId VARCHAR(64), studyInstanceUid TEXT, seriesInstanceUid TEXT,
        sopInstanceUid TEXT, date VARCHAR(64));
      CREATE TABLE GlobalIntegers (key INTEGER PRIMARY KEY, value BIGINT);
      CREATE INDEX PublicIndex ON Resources (publicId);
      CREATE INDEX ResourceTypeIndex ON Resources (resourceType);
      CREATE INDEX MainDicomTagsIndex ON MainDicomTags (id);
      CREATE INDEX DicomIdentifiersIndex1 ON DicomIdentifiers (id);
      CREATE INDEX DicomIdentifiersIndex2 ON DicomIdentifiers (tagGroup, tagElement);
      CREATE INDEX DicomIdentifiersIndexValues ON DicomIdentifiers (value);
      CREATE INDEX ChangesIndex ON Changes (internalId);
      CREATE FUNCTION CreateInstance(patient TEXT, study TEXT, series TEXT, instance TEXT) RETURNS BIGINT
        LANGUAGE sql AS 'SELECT CAST(1 AS BIGINT)';
      INSERT INTO GlobalProperties VALUES (1, '6'), (6, '1'), (10, '1'), (12, '1'), (13, '1');
      INSERT INTO Resources (resourceType, publicId, parentId) VALUES (0, 'p1', NULL), (0, 'p2', NULL),
        (0, 'p3', NULL), (1, 'study1', 1), (2, 'series1', 4), (3, 'instance1', 5), (3, 'instance2', 5);
      INSERT INTO DicomIdentifiers VALUES (1, 16, 32, 'ONE'), (2, 16, 32, 'TWO'), (3, 16, 32, 'THREE');
      INSERT INTO AttachedFiles VALUES (6, 1, 'uuid1', 10, 20, 1, '', '', 0), (7, 1, 'uuid2', 30, 40, 1, '', '', 0);
      INSERT INTO Changes (changeType, internalId, resourceType, date) VALUES (3, 1, 0, 'now');
    )sql";

    constexpr const char* REVISION_1 = R"sql(
      CREATE INDEX ChildrenIndex ON Resources (parentId);
      CREATE TABLE PatientRecyclingOrder (seq BIGSERIAL PRIMARY KEY,
        patientId BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE);
      CREATE TABLE DeletedFiles (uuid VARCHAR(64) NOT NULL);
      INSERT INTO PatientRecyclingOrder (patientId) VALUES (2), (3), (2);
      INSERT INTO GlobalProperties VALUES (4, '1'), (11, '2');
      INSERT INTO GlobalIntegers VALUES (0, 40), (1, 60), (2, 3), (3, 1), (4, 1), (5, 2), (6, 1);
      CREATE FUNCTION CountResourcesTrackerFunc() RETURNS TRIGGER LANGUAGE plpgsql AS
        $$ BEGIN UPDATE GlobalIntegers SET value = value + 1 WHERE key = new.resourceType + 2; RETURN NULL; END $$;
      CREATE TRIGGER CountResourcesTracker AFTER INSERT ON Resources FOR EACH ROW
        EXECUTE FUNCTION CountResourcesTrackerFunc();
      CREATE FUNCTION PatientAddedFunc() RETURNS TRIGGER LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO PatientRecyclingOrder (patientId) VALUES (new.internalId); RETURN NULL; END $$;
      CREATE TRIGGER PatientAdded AFTER INSERT ON Resources FOR EACH ROW WHEN (new.resourceType = 0)
        EXECUTE FUNCTION PatientAddedFunc();
    )sql";

    constexpr const char* REVISION_10 = R"sql(
      ALTER TABLE Resources ADD COLUMN childCount INTEGER, ADD CONSTRAINT UniquePublicId UNIQUE (publicId),
        DROP CONSTRAINT resources_parentid_fkey, ADD FOREIGN KEY (parentId) REFERENCES Resources (internalId);
      ALTER TABLE AttachedFiles ADD COLUMN customData BYTEA;
      CREATE INDEX ChildrenIndex2 ON Resources (parentId) INCLUDE (publicId, internalId);
      CREATE INDEX DicomIdentifiersIndex3 ON DicomIdentifiers (tagGroup, tagElement, value);
      CREATE TABLE Labels (id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, label TEXT,
        PRIMARY KEY (id, label));
      CREATE INDEX LabelsIndex2 ON Labels (label);
      CREATE TABLE GlobalIntegersChanges (pk BIGSERIAL PRIMARY KEY, key INTEGER, value BIGINT);
      CREATE TABLE InvalidChildCounts (pk BIGSERIAL PRIMARY KEY,
        id BIGINT REFERENCES Resources (internalId) ON DELETE CASCADE, updatedAt TIMESTAMP DEFAULT NOW());
      CREATE TABLE KeyValueStores (storeId TEXT NOT NULL, key TEXT NOT NULL, value BYTEA NOT NULL,
        PRIMARY KEY (storeId, key));
      CREATE TABLE Queues (id BIGSERIAL PRIMARY KEY, queueId TEXT NOT NULL, value BYTEA NOT NULL,
        reservedUntil BIGINT);
      CREATE TABLE AuditLogs (ts TIMESTAMP DEFAULT NOW(), sourcePlugin TEXT NOT NULL, userId TEXT NOT NULL,
        resourceType INTEGER NOT NULL, resourceId VARCHAR(64) NOT NULL, action TEXT NOT NULL, logData BYTEA);
      CREATE SEQUENCE PatientRecyclingOrderSequence START 4;
      INSERT INTO GlobalProperties VALUES (4, '10'), (11, '3'), (14, '1');
      INSERT INTO GlobalIntegers VALUES (0, 40), (1, 60), (2, 3), (3, 1), (4, 1), (5, 1), (6, 1);
      INSERT INTO GlobalIntegersChanges (key, value) VALUES (5, 1);
      INSERT INTO Metadata VALUES (1, 18, 'true', 0), (1, 19, '1', 0), (2, 19, '3', 0), (3, 19, '2', 0);
      CREATE FUNCTION IncrementResourcesTrackerFunc() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO GlobalIntegersChanges (key, value) VALUES (new.resourceType + 2, 1); RETURN NULL; END $$;
      CREATE TRIGGER IncrementResourcesTracker AFTER INSERT ON Resources FOR EACH ROW
        EXECUTE FUNCTION IncrementResourcesTrackerFunc();
      CREATE FUNCTION AttachedFileDeletedFunc() RETURNS TRIGGER LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO DeletedFiles VALUES (old.uuid); RETURN NULL; END $$;
      CREATE TRIGGER AttachedFileDeleted AFTER DELETE ON AttachedFiles FOR EACH ROW
        EXECUTE FUNCTION AttachedFileDeletedFunc();
    )sql";
  }

  void MakeStockSchema(IDatabase& database, int revision)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.ExecuteScript(TABLES);
                     transaction.ExecuteScript(revision == 1 ? REVISION_1 : REVISION_10);
                   });
  }

  void MakeEmptyStockSchema(IDatabase& database, int revision)
  {
    MakeStockSchema(database, revision);
    RunTransaction(database, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.ExecuteScript("TRUNCATE Resources RESTART IDENTITY CASCADE; "
                                               "UPDATE GlobalIntegers SET value = 0");
                     if (revision != 1)
                     {
                       transaction.ExecuteScript("DELETE FROM GlobalIntegersChanges; "
                                                 "ALTER SEQUENCE PatientRecyclingOrderSequence RESTART 1");
                     }
                   });
  }
}
