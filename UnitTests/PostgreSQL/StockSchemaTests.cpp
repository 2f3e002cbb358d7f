// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/StockSchema.h"

#include "Framework/Index/Recycling.h"
#include "PostgreSQL/DeferredIndexes.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/PostgreSQLConnection.h"
#include "PostgreSQL/PostgreSQLIndexDialect.h"
#include "PostgreSQL/ServerLock.h"
#include "UnitTests/Database/PostgreSQLFixture.h"
#include "UnitTests/Index/IndexTest.h"
#include "UnitTests/PostgreSQL/StockLayout.h"

namespace OrthancRegistry::Testing
{
  class StockSchemaTest : public PostgreSQLTest
  {
  protected:
    // As the plugin does at start
    bool Open()
    {
      const bool isStock = AdoptStockSchema(*database_, false);
      Migrator(*database_, "Index", PostgreSQL::GetMigrations("Index")).Run();
      return isStock;
    }

    template <typename Value>
    Value Ask(const std::string& sql) const
    {
      Transaction transaction(*database_, AccessMode::ReadOnly);
      return transaction.QueryValue<Value>(sql);
    }

    void Run(const std::string& sql) const
    {
      RunTransaction(*database_, AccessMode::ReadWrite,
                     [&](Transaction& transaction)
                     {
                       transaction.ExecuteScript(sql);
                     });
    }

    IndexTransaction Write() const
    {
      return {*database_, dialect_, AccessMode::ReadWrite};
    }

    void ExpectExactStatistics() const
    {
      IndexTransaction t = Write();
      EXPECT_EQ(Recount(t), StatisticsQueries::GetAll(t));
    }

    // Creates, counts, recycles and deletes.
    void CheckItWorks() const
    {
      ExpectExactStatistics();
      {
        IndexTransaction t = Write();
        EXPECT_TRUE(Recycling::IsProtected(t, 1));
        EXPECT_FALSE(Recycling::IsProtected(t, 2));
        EXPECT_EQ(3, Recycling::SelectPatient(t, std::nullopt));
        EXPECT_EQ(2, Recycling::SelectPatient(t, 3));
        EXPECT_TRUE(dialect_.CreateInstance(t.transaction, "p3", "study3", "series3", "new").isNewInstance);
        EXPECT_EQ(2, Recycling::SelectPatient(t, std::nullopt));
        t.transaction.Commit();
      }
      ExpectExactStatistics();
      {
        IndexTransaction t = Write();
        const DeletedResources deleted = dialect_.DeleteResource(t.transaction, 6);
        ASSERT_EQ(1u, deleted.attachments.size());
        EXPECT_EQ("uuid1", deleted.attachments.front().uuid);
        EXPECT_EQ("series1", deleted.remainingAncestor.value().publicId);
        EXPECT_EQ(3u,
                  dialect_.DeleteResource(t.transaction, 7).resources.size() - 1); // and the three ancestors
        t.transaction.Commit();
      }
      ExpectExactStatistics();
    }

    PostgreSQLIndexDialect dialect_;
  };

  TEST_F(StockSchemaTest, EmptyAndOwnDatabasesAreLeftAlone)
  {
    EXPECT_FALSE(Open());
    EXPECT_EQ(static_cast<int64_t>(PostgreSQL::GetMigrations("Index").size()),
              Ask<int64_t>("SELECT version FROM SharedVersions WHERE component = 'Index'"));
    EXPECT_FALSE(Open());
    EXPECT_EQ(0, Ask<int64_t>("SELECT COUNT(*) FROM SharedVersions WHERE component = 'Adoption'"));
  }

  TEST_F(StockSchemaTest, Revision10IsTakenOverWithoutRewritingTables)
  {
    MakeStockSchema(*database_, 10);
    const std::string files =
        "SELECT string_agg(CAST(pg_relation_filenode(t) AS TEXT), ',') FROM unnest(ARRAY["
        "'resources', 'maindicomtags', 'dicomidentifiers', 'metadata', 'attachedfiles', "
        "'changes', 'globalintegerschanges', 'invalidchildcounts', 'queues']::regclass[]) t";
    const auto before = Ask<std::string>(files);
    EXPECT_EQ(10, StockSchema::Find(*database_).value().revision);
    EXPECT_TRUE(Open());
    EXPECT_EQ(before, Ask<std::string>(files));
    EXPECT_FALSE(StockSchema::Find(*database_));
    EXPECT_EQ(0,
              Ask<int64_t>("SELECT COUNT(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND "
                           "tgrelid IN ('resources'::regclass, 'attachedfiles'::regclass) AND "
                           "tgname NOT LIKE 'shared%'"));
    EXPECT_EQ(2,
              Ask<int64_t>("SELECT COUNT(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D' AND "
                           "tgrelid IN ('resources'::regclass, 'attachedfiles'::regclass)"));
    CheckItWorks();
    EXPECT_TRUE(Open()); // a second start
    ExpectExactStatistics();
  }

  TEST_F(StockSchemaTest, Revision1IsUpgraded)
  {
    MakeStockSchema(*database_, 1);
    EXPECT_EQ(1, StockSchema::Find(*database_).value().revision);
    EXPECT_TRUE(Open());
    EXPECT_EQ("10", Ask<std::string>("SELECT value FROM GlobalProperties WHERE property = 4"));
    EXPECT_FALSE(Ask<bool>("SELECT to_regclass('patientrecyclingorder') IS NOT NULL"));
    EXPECT_FALSE(Ask<bool>("SELECT to_regclass('deletedfiles') IS NOT NULL"));
    CheckItWorks();
  }

  TEST_F(StockSchemaTest, TablesAreThoseOfRevision10)
  {
    const std::string columns =
        "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT CONCAT(table_name, ' ', "
        "column_name, ' ', data_type, ' ', is_nullable) AS line "
        "FROM information_schema.columns WHERE table_schema = current_schema()) l";
    MakeStockSchema(*database_, 1);
    Open();
    const auto adopted = Ask<std::string>(columns);
    RunOnServer("DROP SCHEMA " + schema_ + " CASCADE; CREATE SCHEMA " + schema_);
    database_ = Connect();
    Open();
    EXPECT_EQ(Ask<std::string>(columns), adopted);
  }

  TEST_F(StockSchemaTest, DatabaseThatWasNeverCountedIsCounted)
  {
    MakeStockSchema(*database_, 1);
    Run("DELETE FROM GlobalIntegers; DELETE FROM GlobalProperties WHERE property <> 1; "
        "ALTER TABLE Metadata DROP COLUMN revision; ALTER TABLE AttachedFiles DROP COLUMN revision; "
        "DROP TABLE ServerProperties");
    EXPECT_EQ(0, StockSchema::Find(*database_).value().revision);
    EXPECT_TRUE(Open());
    CheckItWorks();
  }

  TEST_F(StockSchemaTest, GoesOnAfterAnInterruption)
  {
    MakeStockSchema(*database_, 1);
    const auto steps = PostgreSQL::GetMigrations("Adoption");
    EXPECT_EQ(1, Migrator(*database_, "Adoption", steps.first(1)).Run());
    EXPECT_TRUE(Open());
    CheckItWorks();
  }

  TEST_F(StockSchemaTest, NothingIsTakenOverIfAStepFails)
  {
    MakeStockSchema(*database_, 1);
    Run("INSERT INTO Resources (resourceType, publicId) VALUES (1, 'p1')");
    const std::string error = GetErrorText(
        [&]
        {
          Open();
        });
    EXPECT_NE(error.find("A resource is there twice"), std::string::npos) << error;
    EXPECT_TRUE(Ask<bool>("SELECT to_regclass('patientrecyclingorder') IS NOT NULL"));
    EXPECT_EQ("1", Ask<std::string>("SELECT value FROM GlobalProperties WHERE property = 4"));
  }

  TEST_F(StockSchemaTest, RefusesWhatItDoesNotKnow)
  {
    MakeStockSchema(*database_, 10);
    for (const auto& [change, expected] :
         {std::pair("UPDATE GlobalProperties SET value = '11' WHERE property = 4", "revision \"11\""),
          std::pair("UPDATE GlobalProperties SET value = '5' WHERE property = 1", "version \"5\"")})
    {
      Run(change);
      const std::string error = GetErrorText(
          [&]
          {
            Open();
          });
      EXPECT_NE(error.find(expected), std::string::npos) << error;
    }
  }

  TEST_F(StockSchemaTest, RefusesADatabaseThatStockHasLocked)
  {
    MakeStockSchema(*database_, 10);
    {
      ServerLock stock(parameters_, INDEX_LOCK);
      stock.Take();
      EXPECT_THROW(AdoptStockSchema(*database_, false), RegistryError);
      EXPECT_TRUE(StockSchema::Find(*database_));
      EXPECT_TRUE(AdoptStockSchema(*database_, true)); // by ourselves
    }
  }

  TEST_F(StockSchemaTest, OneOfManyReplicasAdopts)
  {
    MakeStockSchema(*database_, 1);
    RunThreads(4,
               [&](unsigned int)
               {
                 const auto own = Connect();
                 EXPECT_TRUE(AdoptStockSchema(*own, false));
                 Migrator(*own, "Index", PostgreSQL::GetMigrations("Index")).Run();
               });
    CheckItWorks();
  }

  TEST_F(StockSchemaTest, SearchesUseIndexesInTheOrderOfTheBytes)
  {
    MakeStockSchema(*database_, 10);
    Open();
    Transaction transaction(*database_, AccessMode::ReadWrite);
    transaction.Execute("SET LOCAL enable_seqscan = off");
    std::string plan;
    transaction.QueryEach<std::string>(
        "EXPLAIN SELECT id FROM DicomIdentifiers WHERE tagGroup = 16 AND "
        "tagElement = 32 AND value COLLATE \"C\" >= 'A' AND value COLLATE \"C\" < 'B'",
        [&plan](const std::string& line)
        {
          plan += line + "\n";
        });
    EXPECT_NE(plan.find("sharedidentifiersindex"), std::string::npos) << plan;
    EXPECT_NE(plan.find(">= 'A'"), std::string::npos) << plan;
  }

  TEST_F(StockSchemaTest, IndexesAreBuiltInTheBackground)
  {
    const auto countIndexes = [&]
    {
      return Ask<int64_t>("SELECT COUNT(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                          "WHERE c.relnamespace = '" +
                          schema_ +
                          "'::regnamespace AND i.indisvalid AND c.relname = ANY(ARRAY["
                          "'sharedattachmentsuuid', 'sharedrecyclingindex', 'sharedauditlogstime'])");
    };
    MakeStockSchema(*database_, 1);
    Open();
    EXPECT_EQ(0, countIndexes());

    // What an interrupted attempt leaves: the two values keep a unique index from being complete.
    Run("INSERT INTO AttachedFiles (id, fileType, uuid) VALUES (6, 9, 'uuid1')");
    const PostgreSQLConnection connection(parameters_);
    EXPECT_ANY_THROW(connection.Execute(
        "CREATE UNIQUE INDEX CONCURRENTLY SharedAttachmentsUuid ON AttachedFiles (uuid)", {}));
    EXPECT_EQ(0, countIndexes());

    DeferredIndexes deferred(*database_, parameters_);
    deferred.Start();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return countIndexes() == 3;
        }));
    deferred.Stop();
  }

  TEST_F(StockSchemaTest, BuildingIsCancelledAtTheEnd)
  {
    MakeStockSchema(*database_, 10);
    Open();
    Transaction blocker(*database_, AccessMode::ReadWrite); // the index has to wait for it
    blocker.Execute("UPDATE AttachedFiles SET revision = 1");
    blocker.Flush();
    DeferredIndexes deferred(*database_, parameters_);
    deferred.Start();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return Ask<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                           "query LIKE 'CREATE INDEX CONCURRENTLY%')");
        }));
    deferred.Stop();
    blocker.Rollback();
    EXPECT_FALSE(Ask<bool>("SELECT EXISTS (SELECT FROM pg_index WHERE indisvalid AND "
                           "indexrelid = to_regclass('sharedattachmentsuuid'))"));
  }
}
