// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"

#include <iostream>

namespace OrthancRegistry::Testing
{
  class IngestRoundTripsTest : public PostgreSQLIndexTest
  {
  protected:
    // The transaction of an upload, operation by operation
    static void Ingest(IndexTransaction& t, const std::string& name)
    {
      const auto created = Resources::CreateInstance(t, "p" + name, "st" + name, "se" + name, "i" + name);
      Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, "date");
      Changes::Log(t, 4, ResourceLevel::Series, created.seriesId, "date");
      Changes::Log(t, 5, ResourceLevel::Study, created.studyId, "date");
      Changes::Log(t, 3, ResourceLevel::Patient, created.patientId, "date");
      Attachments::Add(t, created.instanceId, MakeAttachment("u1" + name, 1, 10, 20), 0);
      Attachments::Add(t, created.instanceId, MakeAttachment("u3" + name, 3, 10, 20), 0);
      Tags::SetResourcesContent(t,
                                {{created.patientId, false, {0x10, 0x20, "id"}},
                                 {created.patientId, true, {0x10, 0x20, "ID"}},
                                 {created.studyId, false, {0x20, 0xd, "1.2"}},
                                 {created.studyId, true, {0x20, 0xd, "1.2"}}},
                                {{created.instanceId, 2, "date"},
                                 {created.seriesId, 7, "date"},
                                 {created.studyId, 7, "date"},
                                 {created.patientId, 7, "date"}});
      t.transaction.Commit();
    }
  };

  TEST_F(IngestRoundTripsTest, AnIngestCostsAtMostThree)
  {
    uint64_t roundTrips = 0;
    uint64_t statements = 0;
    {
      // The same lease for both, because the counters belong to the session
      IndexTransaction t = Write();
      const SessionStatistics before = t.transaction.GetStatistics();
      Ingest(t, "1");
      roundTrips = t.transaction.GetStatistics().roundTrips - before.roundTrips;
      statements = t.transaction.GetStatistics().statements - before.statements;
    }
    std::cout << "An ingest costs " << roundTrips << " round trips for " << statements << " statements"
              << std::endl;
    RecordProperty("RoundTrips", static_cast<int>(roundTrips));
    EXPECT_LE(roundTrips, 3u);
    EXPECT_GE(roundTrips, 1u) << "Nothing was counted";
    EXPECT_LE(statements, 8u); // creation, four changes, two attachments, all content
    EXPECT_GE(statements, 4u) << "Nothing was counted";

    IndexTransaction t = Read();
    EXPECT_EQ((Statistics{1, 1, 1, 1, 20, 40}), StatisticsQueries::GetAll(t));
  }

  TEST_F(IngestRoundTripsTest, ADeletionIsOneRoundTrip)
  {
    {
      IndexTransaction t = Write();
      Ingest(t, "1");
    }
    IndexTransaction t = Write();
    const int64_t id = Resources::Lookup(t, "p1").value().id;
    const uint64_t before = t.transaction.GetStatistics().roundTrips;
    Resources::DeleteResource(t, id);
    EXPECT_EQ(1u, t.transaction.GetStatistics().roundTrips - before);
  }
}
