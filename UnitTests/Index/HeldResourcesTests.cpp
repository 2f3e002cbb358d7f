// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is written for a resource while somebody deletes it.

#include "Framework/Index/Changes.h"
#include "Framework/Index/Labels.h"
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Recycling.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"

#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using Writer = std::function<void(IndexTransaction&, int64_t)>;

    const std::vector<std::pair<const char*, Writer>> WRITERS = {
        {"metadata",
         [](IndexTransaction& t, int64_t id)
         {
           Metadata::Set(t, id, 1024, "value", 0);
         }},
        {"content",
         [](IndexTransaction& t, int64_t id)
         {
           Tags::SetResourcesContent(t, {{id, false, {0x10, 0x10, "Name"}}, {id, true, {0x10, 0x10, "NAME"}}},
                                     {{id, 7, "now"}});
         }},
        {"attachment",
         [](IndexTransaction& t, int64_t id)
         {
           Attachments::Add(t, id, MakeAttachment("uuid", 1024, 10, 20), 0);
         }},
        {"label",
         [](IndexTransaction& t, int64_t id)
         {
           Labels::Add(t, id, "label");
         }},
        {"change",
         [](IndexTransaction& t, int64_t id)
         {
           Changes::Log(t, 12, ResourceLevel::Patient, id, "now");
         }},
        {"protection",
         [](IndexTransaction& t, int64_t id)
         {
           Recycling::SetProtected(t, id, true);
         }},
    };
  }

  class HeldResourcesTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(HeldResourcesTest);

  TEST_P(HeldResourcesTest, NothingIsWrittenForAResourceThatIsGone)
  {
    for (const auto& [name, write] : WRITERS)
    {
      int64_t id = 0;
      {
        IndexTransaction t = Write();
        id = Resources::CreateInstance(t, "p", "st", "se", "i").patientId;
        Resources::DeleteResource(t, id);
        t.transaction.Commit();
      }
      EXPECT_THROW(
          {
            IndexTransaction t = Write();
            write(t, id);
            t.transaction.Commit();
          },
          ConstraintError)
          << name;
    }
    IndexTransaction t = Read();
    EXPECT_EQ(0, CountOrphans(t));
  }

  TEST_P(HeldResourcesTest, ContentIsInsertedOnceAndMergedAfterwards)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p", "st", "se", "i");
    // Cores before 1.12.10 send a tag twice.
    Tags::SetResourcesContent(t,
                              {{created.instanceId, false, {0x8, 0x18, "first"}},
                               {created.instanceId, false, {0x8, 0x18, "second"}}},
                              {{created.instanceId, 2, "first"}, {created.instanceId, 2, "last"}});
    Tags::SetResourcesContent(t, {{created.instanceId, false, {0x8, 0x18, "third"}}},
                              {{created.instanceId, 2, "later"}, {created.instanceId, 3, "new"}});
    t.transaction.Commit();

    IndexTransaction reader = Read();
    EXPECT_EQ((std::vector<TagValue>{{0x8, 0x18, "first"}}),
              Tags::GetMainDicomTags(reader, created.instanceId));
    EXPECT_EQ((std::vector<MetadataValue>{{2, "later", 0}, {3, "new", 0}}),
              Metadata::GetAll(reader, created.instanceId));
  }

  TEST_P(HeldResourcesTest, ContentAfterMetadataOfTheSameTransaction)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p", "st", "se", "i");
    Metadata::Set(t, created.instanceId, 2, "before", 5);
    Tags::SetResourcesContent(t, {}, {{created.instanceId, 2, "after"}});
    t.transaction.Commit();
    IndexTransaction reader = Read();
    EXPECT_EQ((std::vector<MetadataValue>{{2, "after", 0}}), Metadata::GetAll(reader, created.instanceId));
  }

  class HeldRowsTest : public PostgreSQLIndexTest
  {
  protected:
    // Where the row is: another place after each update
    std::string GetPlace(int64_t id, int type)
    {
      IndexTransaction t = Read();
      return t.transaction.QueryValue<std::string>(
          "SELECT CAST(ctid AS TEXT) FROM Metadata WHERE id = $1 AND type = $2", id, type);
    }

    CreatedInstance Ingest(const std::string& patient, const std::string& instance, const std::string& second)
    {
      IndexTransaction t = Write();
      const auto created = Resources::CreateInstance(t, patient, "st" + patient, "se" + patient, instance);
      Tags::SetResourcesContent(t, {}, {{created.patientId, 7, second}, {created.instanceId, 2, second}});
      t.transaction.Commit();
      return created;
    }

    // The deletion comes second and has to wait.
    DeletedResources DeleteWhileWriting(int64_t patient, const Writer& write, int64_t written)
    {
      IndexTransaction writer = Write();
      write(writer, written);
      writer.transaction.Flush();

      IndexTransaction deletion = Write();
      const int64_t pid = GetSessionId(deletion);
      auto deleted = std::async(std::launch::async,
                                [&]
                                {
                                  return Resources::DeleteResource(deletion, patient);
                                });
      WaitUntilBlocked(pid);
      writer.transaction.Commit();
      DeletedResources result = deleted.get();
      deletion.transaction.Commit();
      EXPECT_EQ(4u, result.resources.size());
      return result;
    }

    void ExpectNothing(const char* writer)
    {
      IndexTransaction t = Read();
      EXPECT_EQ(0, CountOrphans(t)) << writer;
      EXPECT_EQ(Statistics(), StatisticsQueries::GetAll(t)) << writer;
    }
  };

  TEST_F(HeldRowsTest, ADeletionWaitsForWhoWritesAndLeavesNothing)
  {
    for (const auto& [name, write] : WRITERS)
    {
      const auto created = Ingest("p", "i", "now");
      DeleteWhileWriting(created.patientId, write, created.patientId);
      ExpectNothing(name);
    }
  }

  // The deletion holds the gate of the patient already when it comes to the instance.
  TEST_F(HeldRowsTest, ADeletionOfThePatientWaitsForWhoWritesToItsInstance)
  {
    for (const auto& [name, write] : WRITERS)
    {
      const auto created = Ingest("p", "i", "now");
      const auto deleted = DeleteWhileWriting(created.patientId, write, created.instanceId);
      EXPECT_EQ(std::string_view(name) == "attachment" ? 1u : 0u, deleted.attachments.size())
          << "The core has to remove its file";
      ExpectNothing(name);
    }
  }

  TEST_F(HeldRowsTest, WhatIsThereAlreadyIsNotWrittenAgain)
  {
    const int64_t patient = Ingest("p", "i1", "now").patientId;
    const std::string time = GetPlace(patient, 7);
    const std::string turn = GetPlace(patient, METADATA_RECYCLING_ORDER);
    EXPECT_EQ(patient, Ingest("p", "i2", "now").patientId);
    EXPECT_EQ(time, GetPlace(patient, 7));
    EXPECT_EQ(turn, GetPlace(patient, METADATA_RECYCLING_ORDER)) << "It was the last one already";

    Ingest("p", "i3", "later");
    EXPECT_NE(time, GetPlace(patient, 7));
    Ingest("other", "i4", "later");
    Ingest("p", "i5", "later");
    EXPECT_NE(turn, GetPlace(patient, METADATA_RECYCLING_ORDER)) << "Another patient was after it";
  }
}
