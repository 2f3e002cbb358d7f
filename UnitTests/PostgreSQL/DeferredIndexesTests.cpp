// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/DeferredIndexes.h"

#include "Framework/Database/Migrator.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "UnitTests/Database/PostgreSQLFixture.h"

namespace OrthancRegistry::Testing
{
  class DeferredIndexesTest : public PostgreSQLTest
  {
  protected:
    static constexpr size_t BEFORE_EXCHANGE = 3; // Index/0004 is the one that exchanges indexes

    void Migrate(size_t version)
    {
      Migrator(*database_, "Index", PostgreSQL::GetMigrations("Index").first(version)).Run();
    }

    void MigrateAll()
    {
      Migrate(PostgreSQL::GetMigrations("Index").size());
    }

    void AddPatient()
    {
      RunTransaction(*database_, AccessMode::ReadWrite,
                     [](Transaction& transaction)
                     {
                       transaction.Execute("INSERT INTO Resources (resourceType, publicId) VALUES (0, 'p')");
                       transaction.Execute("INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value) "
                                           "SELECT internalId, 16, 16, 'NAME' FROM Resources");
                     });
    }

    std::string ListIndexes()
    {
      Transaction transaction(*database_, AccessMode::ReadOnly);
      return transaction.QueryValue<std::string>(
          "SELECT COALESCE(string_agg(CAST(c.oid::regclass AS TEXT), ' ' ORDER BY relname), '') "
          "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid "
          "WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND i.indisvalid "
          "AND c.relname IN ('sharedlevelindex', 'sharedparentsindex', 'sharedvaluesindex', "
          "'dicomidentifiersindexvalues2')");
    }
  };

  TEST_F(DeferredIndexesTest, AnEmptyDatabaseHasTheNewOnesAtOnce)
  {
    MigrateAll();
    EXPECT_EQ("sharedparentsindex sharedvaluesindex", ListIndexes());
  }

  TEST_F(DeferredIndexesTest, ADatabaseWithRowsKeepsTheFormerOnesUntilTheNewOnesAreBuilt)
  {
    const std::string former = "dicomidentifiersindexvalues2 sharedlevelindex";
    Migrate(BEFORE_EXCHANGE);
    AddPatient();
    EXPECT_EQ(former, ListIndexes());
    MigrateAll();
    EXPECT_EQ(former, ListIndexes());

    DeferredIndexes(*database_, parameters_).Finish();
    EXPECT_EQ("sharedparentsindex sharedvaluesindex", ListIndexes());
    DeferredIndexes(*database_, parameters_).Finish();
    EXPECT_EQ("sharedparentsindex sharedvaluesindex", ListIndexes());
  }

  TEST_F(DeferredIndexesTest, WithoutTheExtensionThereIsNoIndexForParts)
  {
    Migrate(BEFORE_EXCHANGE);
    AddPatient();
    RunTransaction(*database_, AccessMode::ReadWrite,
                   [](Transaction& transaction)
                   {
                     transaction.Execute("DROP INDEX DicomIdentifiersIndexValues2");
                   });
    MigrateAll();
    DeferredIndexes(*database_, parameters_).Finish();
    EXPECT_EQ("sharedparentsindex", ListIndexes());
  }
}
