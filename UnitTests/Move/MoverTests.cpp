// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Database/Retry.h"
#include "Framework/Database/UnfinishedMove.h"
#include "Framework/Index/Attachments.h"
#include "Framework/Index/Changes.h"
#include "Framework/Index/Exports.h"
#include "Framework/Index/KeyValueStores.h"
#include "Framework/Index/Labels.h"
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Properties.h"
#include "Framework/Index/Queues.h"
#include "Framework/Index/Recycling.h"
#include "Framework/Index/Resources.h"
#include "Framework/Index/StatisticsQueries.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"
#include "UnitTests/Move/MoveFixture.h"

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

namespace
{
  struct Interruption
  {
  };
}

class Moves : public MoveTest
{
protected:
  bool IsUnfinished()
  {
    try
    {
      RefuseUnfinishedMove(GetDatabase());
      return false;
    }
    catch (const RegistryError& error)
    {
      EXPECT_EQ(ErrorCode::IncompatibleConfigurations, error.GetCode());
      return true;
    }
  }

  void Execute(std::string_view sql)
  {
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.ExecuteScript(sql);
                   });
  }

  std::vector<std::string> ReadCatalog(IDatabase& database)
  {
    std::vector<std::string> lines;
    Transaction transaction(database, AccessMode::ReadOnly);
    transaction.QueryEach<std::string>(
        GetParam() == Engine::SQLite
            ? "SELECT type || ' ' || tbl_name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1"
            : "SELECT c.relname || ' ' || regexp_replace(pg_get_indexdef(i.indexrelid), ' ON [^ ]* ', ' ') "
              "COLLATE \"C\" "
              "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
              "WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = "
              "current_schema()) "
              "UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || "
              "convalidated "
              "FROM pg_catalog.pg_constraint WHERE connamespace = "
              "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) ORDER BY 1",
        [&lines](std::string line)
        {
          lines.push_back(std::move(line));
        });
    EXPECT_GT(lines.size(), 30u);
    return lines;
  }

  void ExpectResources()
  {
    IndexTransaction t = Read();
    const auto instance = Resources::LookupWithParent(t, "A1");
    ASSERT_TRUE(instance);
    EXPECT_EQ(1, instance->id);
    EXPECT_EQ(ResourceLevel::Instance, instance->level);
    EXPECT_EQ("AR", instance->parentPublicId);
    EXPECT_EQ(ResourceLevel::Patient, Resources::GetLevel(t, 2));
    EXPECT_EQ((std::vector<std::string>{"AR", "AR2"}), Resources::GetChildrenPublicIds(t, 3));
    EXPECT_EQ((Statistics{3, 3, 4, 5, 5000000040, 55}), StatisticsQueries::GetAll(t));
    EXPECT_EQ(StatisticsQueries::GetAll(t), Recount(t));

    const auto tags = Tags::GetMainDicomTags(t, 2);
    ASSERT_EQ(2u, tags.size());
    EXPECT_EQ((TagValue{16, 16, "Ünïcode^Ä"}), tags[0]);
    EXPECT_EQ((std::vector<TagValue>{{16, 32, ""}}), Tags::GetMainDicomTags(t, 8));
    EXPECT_EQ((std::vector<TagValue>{{16, 16, "C??"}}), Tags::GetMainDicomTags(t, 13));
    EXPECT_EQ(8,
              t.transaction.QueryValue<int64_t>(
                  "SELECT id FROM DicomIdentifiers WHERE tagGroup = 16 AND tagElement = 32 AND value = 'B'"));
    EXPECT_TRUE(Recycling::IsProtected(t, 2));
    EXPECT_FALSE(Recycling::IsProtected(t, 8));
    EXPECT_EQ(13, Recycling::SelectPatient(t, std::nullopt));
    EXPECT_EQ(8, Recycling::SelectPatient(t, 13));
  }

  void ExpectHistory()
  {
    IndexTransaction t = Read();
    const auto changes = Changes::Get(t, 0, -1, {}, 0).changes;
    ASSERT_EQ(3u, changes.size());
    EXPECT_EQ(5, changes[2].seq);
    EXPECT_EQ(13, changes[2].changeType);
    EXPECT_EQ(ResourceLevel::Study, changes[2].level);
    EXPECT_EQ("BS", changes[2].publicId);
    EXPECT_EQ("20260101T000005", changes[2].date);
    EXPECT_EQ(9, Changes::GetLastIndex(t)); // the number of a change that is gone

    const auto exports = Exports::Get(t, 0, 0).resources;
    ASSERT_EQ(2u, exports.size());
    EXPECT_EQ(3, exports[0].seq);
    EXPECT_EQ(ResourceLevel::Instance, exports[0].level);
    EXPECT_EQ("pacs", exports[0].modality);
    EXPECT_EQ("1.2.3.4", exports[0].sopInstanceUid);
    EXPECT_EQ(std::string(64, 'x'), exports[1].patientId);

    EXPECT_EQ("42", Properties::Lookup(t, "", 3));
    EXPECT_EQ("6", Properties::Lookup(t, "", 1));
    EXPECT_EQ(std::nullopt, Properties::Lookup(t, "", 20));
    EXPECT_EQ("of a plugin", Properties::Lookup(t, "hospital", 1030));
    EXPECT_EQ("{\"pacs\":[\"PACS\",\"localhost\",104]}", Properties::Lookup(t, "hospital", 20));
  }

  void ExpectNewest()
  {
    IndexTransaction t = Read();
    EXPECT_EQ((MetadataValue{1024, "own", 5}), Metadata::Lookup(t, 2, 1024));
    EXPECT_EQ((MetadataValue{7, "updated", 0}), Metadata::Lookup(t, 2, 7));
    const auto attachment = Attachments::Lookup(t, 3, 1030);
    ASSERT_TRUE(attachment);
    EXPECT_EQ(7, attachment->revision);
    EXPECT_EQ(5000000000u, attachment->attachment.compressedSize);
    EXPECT_EQ("uuid-as", attachment->attachment.uuid);
    EXPECT_EQ((std::string{'\0', '\xff', '\x10'}), Attachments::GetCustomData(t, "uuid-as"));
    EXPECT_EQ("", Attachments::GetCustomData(t, "uuid-a1"));
    EXPECT_EQ((std::vector<std::string>{"research", "urgent"}), Labels::List(t, 3));
    EXPECT_EQ((std::string{'\0', '\xff'}), KeyValueStores::Get(t, "store", "key"));
    EXPECT_EQ("", KeyValueStores::Get(t, "store", "empty"));
    EXPECT_EQ(2, Queues::GetSize(t, "queue"));
  }

  // Numbers of rows that are gone are not given out again.
  void ExpectThatItGoesOn()
  {
    IndexTransaction t = Write();
    const CreatedInstance created = Resources::CreateInstance(t, "D", "DS", "DR", "D1");
    EXPECT_TRUE(created.isNewPatient);
    EXPECT_GT(created.patientId, 16);
    EXPECT_EQ(8, Recycling::SelectPatient(t, 13)); // D is the last one
    Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, "now");
    ExportedResource exported;
    exported.publicId = "D1";
    Exports::Log(t, exported);
    t.transaction.Commit();

    IndexTransaction after = Read();
    EXPECT_EQ(10, Changes::GetLast(after)->seq);
    EXPECT_EQ(7, Exports::GetLast(after)->seq);
  }
};

CONFORMANCE_SUITE(Moves);

TEST_P(Moves, EverythingIsThereAndGoesOn)
{
  const SourceFile source;
  source.Fill();
  ASSERT_TRUE(RunMove(source));
  EXPECT_FALSE(report_.isContinued);
  EXPECT_FALSE(IsUnfinished());
  ExpectResources();
  ExpectHistory();
  ExpectNewest();
  ExpectThatItGoesOn();
  IndexTransaction t = Write();
  Queues::Enqueue(t, "queue", "new");
  EXPECT_EQ((std::string{'\0'}), Queues::Dequeue(t, "queue", QueueOrigin::Front));
  EXPECT_EQ("A", Queues::Dequeue(t, "queue", QueueOrigin::Front)); // its reservation has ended
  EXPECT_EQ(10, Queues::Reserve(t, "queue", QueueOrigin::Front, 10)->id);
}

TEST_P(Moves, OlderIndexes)
{
  for (const CoreVersion version : {CoreVersion::V1_10, CoreVersion::V1_12_7})
  {
    database_ = TestDatabase::Create(GetParam());
    SetUp();
    const SourceFile source(version);
    source.Fill();
    ASSERT_TRUE(RunMove(source));
    ExpectResources();
    ExpectHistory();
    IndexTransaction t = Read();
    EXPECT_EQ((MetadataValue{1024, "own", 0}), Metadata::Lookup(t, 2, 1024));
    EXPECT_EQ(version == CoreVersion::V1_12_7 ? 2u : 0u, Labels::List(t, 3).size());
  }
}

TEST_P(Moves, AnEmptyIndex)
{
  const SourceFile source;
  ASSERT_TRUE(RunMove(source));
  IndexTransaction t = Write();
  EXPECT_TRUE(Resources::CreateInstance(t, "D", "DS", "DR", "D1").isNewPatient);
}

// A run after the other, each of which ends after its first batch
TEST_P(Moves, GoesOnAfterEachBatch)
{
  const SourceFile source;
  source.Fill();
  bool isEqual = false;
  int runs = 0;
  report_.onBatch = []
  {
    throw Interruption();
  };
  while (!isEqual && runs < 200)
  {
    try
    {
      isEqual = RunMove(source, 2);
    }
    catch (const Interruption&)
    {
      EXPECT_TRUE(IsUnfinished());
    }
    runs++;
  }
  ASSERT_TRUE(isEqual);
  EXPECT_TRUE(report_.isContinued);
  EXPECT_EQ(runs - 1, report_.batches);
  EXPECT_GT(runs, 30);
  EXPECT_FALSE(IsUnfinished());
  ExpectResources();
  ExpectHistory();
  ExpectNewest();
  ExpectThatItGoesOn();
}

TEST_P(Moves, GoesOnAfterTheCopy)
{
  const SourceFile source;
  source.Fill();
  report_.onCopied = []
  {
    throw Interruption();
  };
  EXPECT_THROW(RunMove(source), Interruption);
  EXPECT_TRUE(IsUnfinished());
  std::swap(report_.onCopied, report_.onCompleted);
  EXPECT_THROW(RunMove(source), Interruption);
  EXPECT_TRUE(IsUnfinished());
  report_.onCompleted = nullptr;
  ASSERT_TRUE(RunMove(source));
  ExpectResources();
  ExpectHistory();
}

// Whether it was interrupted or not, the schema is that of a new database.
TEST_P(Moves, NothingOfTheSchemaIsMissing)
{
  const SourceFile source;
  source.Fill();
  report_.onCopied = []
  {
    throw Interruption();
  };
  EXPECT_THROW(RunMove(source), Interruption);
  report_.onCopied = nullptr;
  ASSERT_TRUE(RunMove(source));

  const auto fresh = TestDatabase::Create(GetParam());
  for (const std::string_view component : target_->GetComponents())
  {
    fresh->Migrate(std::string(component));
  }
  EXPECT_EQ(ReadCatalog(fresh->Get()), ReadCatalog(GetDatabase()));
}

TEST_P(Moves, WhatWasChangedMeanwhileIsFound)
{
  const std::pair<const char*, const char*> changes[] = {
      {"UPDATE MainDicomTags SET value = 'B' WHERE id = 2 AND tagElement = 32", "Tags"},
      {"UPDATE Changes SET seq = 8 WHERE seq = 5", "Changes"},
      {"DELETE FROM Labels WHERE label = 'research'", "Labels"},
      {"UPDATE AttachedFiles SET customData = NULL WHERE id = 3", "Attachments"},
      {"UPDATE Resources SET parentId = 6 WHERE internalId = 1", "Instances"}};
  for (const auto& [sql, step] : changes)
  {
    database_ = TestDatabase::Create(GetParam());
    SetUp();
    const SourceFile source;
    source.Fill();
    report_.comparisons.clear();
    report_.onCompleted = [&, change = sql]
    {
      Execute(change);
    };
    EXPECT_FALSE(RunMove(source));
    EXPECT_EQ(std::vector<std::string>{step}, report_.GetDifferent());
    EXPECT_TRUE(IsUnfinished());
  }
}

TEST_P(Moves, WrongStatisticsAreFound)
{
  const SourceFile source;
  source.Fill();
  report_.onCompleted = [&]
  {
    Execute("UPDATE GlobalIntegers SET value = value + 1 WHERE key = 0");
  };
  EXPECT_FALSE(RunMove(source));
  EXPECT_EQ(std::vector<std::string>{"Counter of stored bytes"}, report_.GetDifferent());
}

TEST_P(Moves, RefusesATargetThatIsInUse)
{
  const SourceFile source;
  source.Fill();
  database_->Migrate("Index");
  Execute("INSERT INTO ServerProperties (server, property, value) VALUES ('hospital', 5, '{}')");
  EXPECT_NE(std::string::npos, GetRefusal(source).find("table ServerProperties"));
  EXPECT_FALSE(IsUnfinished());
}

TEST_P(Moves, AcceptsATargetWithASchemaOnly)
{
  const SourceFile source;
  source.Fill();
  database_->Migrate("Index");
  database_->Migrate("Jobs");
  EXPECT_TRUE(RunMove(source));
}

TEST_P(Moves, RefusesToMoveTwice)
{
  const SourceFile source;
  source.Fill();
  ASSERT_TRUE(RunMove(source));
  EXPECT_NE(std::string::npos, GetRefusal(source).find("filled to the end already"));
  ExpectResources();
}

TEST_P(Moves, RefusesADatabaseOfAnotherPlugin)
{
  const SourceFile source;
  Execute("CREATE TABLE GlobalProperties(property INTEGER PRIMARY KEY, value TEXT)");
  EXPECT_NE(std::string::npos, GetRefusal(source).find("another plugin"));
}

TEST_P(Moves, RefusesToContinueFromAnotherState)
{
  const SourceFile source;
  source.Fill();
  report_.onBatch = []
  {
    throw Interruption();
  };
  EXPECT_THROW(RunMove(source), Interruption);
  report_.onBatch = nullptr;

  EXPECT_NE(std::string::npos, GetRefusal(source, "another").find("for the server \"hospital\""));
  const SourceFile other;
  EXPECT_NE(std::string::npos, GetRefusal(other).find("from another index"));
  source.Execute("UPDATE MainDicomTags SET value = 'changed' WHERE id = 2 AND tagElement = 16");
  EXPECT_NE(std::string::npos, GetRefusal(source).find("started meanwhile"));
  EXPECT_TRUE(IsUnfinished());
}

TEST_P(Moves, TwoAtTheSameTime)
{
  const SourceFile source;
  source.Fill();
  bool isFirst = true;
  report_.onBatch = [&]
  {
    if (isFirst)
    {
      isFirst = false;
      TestReport report;
      const Move::SourceIndex index(source.GetPath());
      EXPECT_TRUE(Move::Mover(index, *target_, "hospital", {1, 1000}, report).Run());
    }
  };
  // The second one has taken all away
  EXPECT_THROW(RunMove(source, 1), DatabaseError);
  ExpectResources();
  ExpectHistory();
}

TEST_P(Moves, AStepThatAnotherProcessHasTakenFurther)
{
  const SourceFile source;
  source.Fill();
  bool isFirst = true;
  report_.onBatch = [&]
  {
    if (isFirst)
    {
      isFirst = false;
      Execute("UPDATE SharedMoveSteps SET lastKey = lastKey + 1");
    }
  };
  try
  {
    RunMove(source, 1);
    FAIL();
  }
  catch (const RegistryError& error)
  {
    EXPECT_NE(std::string::npos, std::string(error.what()).find("at the same time")) << error.what();
  }
}
