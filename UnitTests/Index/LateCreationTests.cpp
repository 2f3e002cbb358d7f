// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "Framework/Index/Find/Find.h"
#include "Framework/Index/KnownSeries.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"

#include <future>
#include <iostream>
#include <random>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int64_t LAST_ARRIVAL = 7; // metadata of parents
  }

  // Instances of series that are known already
  class LateCreationTest : public PostgreSQLIndexTest
  {
  protected:
    struct Cost
    {
      CreatedInstance created;
      uint64_t roundTrips = 0; // of the creation, its content and COMMIT
    };

    // As the core does: it looks for the instance, then stores it.
    Cost Store(const std::string& instance, const std::function<void()>& before_commit = {},
               const std::string& series = "se")
    {
      IndexTransaction t = WriteKnown();
      EXPECT_FALSE(IsFound(t, instance)) << instance;
      Cost cost;
      const uint64_t before = t.transaction.GetStatistics().roundTrips;
      cost.created = Resources::CreateInstance(t, "p", "st", series, instance);
      Changes::Log(t, 2, ResourceLevel::Instance, cost.created.instanceId, "date");
      Attachments::Add(t, cost.created.instanceId, MakeAttachment("file of " + instance, 1, 10, 20), 0);
      Tags::SetResourcesContent(t, {{cost.created.instanceId, true, {8, 0x18, "UID"}}},
                                {{cost.created.instanceId, 2, "date"},
                                 {cost.created.seriesId, LAST_ARRIVAL, "date"},
                                 {cost.created.studyId, LAST_ARRIVAL, "date"},
                                 {cost.created.patientId, LAST_ARRIVAL, "date"}});
      if (before_commit)
      {
        before_commit();
      }
      SessionStatistics after;
      t.endHandlers.emplace_back(
          [&](bool /*isCommitted*/)
          {
            after = t.transaction.GetStatistics();
          });
      t.Commit();
      cost.roundTrips = after.roundTrips - before;
      return cost;
    }

    static bool IsFound(IndexTransaction& t, const std::string& instance)
    {
      FindRequest request;
      request.filter.level = ResourceLevel::Instance;
      request.filter.orthancIds[3] = instance;
      request.attachments = true;
      return !FindResources(t, request).empty();
    }

    IndexTransaction WriteKnown()
    {
      return IndexTransaction(database_->Get(), database_->GetDialect(), AccessMode::ReadWrite, known_);
    }

    // At another replica
    void Delete(const std::string& publicId)
    {
      IndexTransaction t = Write();
      Resources::DeleteResource(t, Resources::Lookup(t, publicId).value().id);
      t.Commit();
    }

    Statistics Count()
    {
      IndexTransaction t = Read();
      EXPECT_EQ(Recount(t), StatisticsQueries::GetAll(t));
      EXPECT_EQ(0, CountChildless(t));
      EXPECT_EQ(0, CountOrphans(t));
      return StatisticsQueries::GetAll(t);
    }

    std::shared_ptr<KnownSeries> known_ = std::make_shared<KnownSeries>();
  };

  TEST_F(LateCreationTest, TheNextInstanceOfASeriesIsOneRoundTrip)
  {
    const Cost first = Store("i1");
    EXPECT_EQ(2u, first.roundTrips);
    EXPECT_TRUE(first.created.isNewSeries);
    const Cost second = Store("i2");
    EXPECT_EQ(1u, second.roundTrips);
    EXPECT_TRUE(second.created.isNewInstance);
    EXPECT_FALSE(second.created.isNewPatient || second.created.isNewStudy || second.created.isNewSeries);
    EXPECT_EQ(first.created.patientId, second.created.patientId);
    EXPECT_EQ(first.created.studyId, second.created.studyId);
    EXPECT_EQ(first.created.seriesId, second.created.seriesId);
    EXPECT_EQ((Statistics{1, 1, 1, 2, 20, 40}), Count());

    IndexTransaction t = Read();
    EXPECT_EQ((std::vector<std::string>{"i1", "i2"}),
              Resources::GetChildrenPublicIds(t, first.created.seriesId));
    EXPECT_EQ(second.created.instanceId, Resources::Lookup(t, "i2")->id);
    EXPECT_EQ(ResourceLevel::Instance, Resources::GetLevel(t, second.created.instanceId));
    EXPECT_EQ("p", Resources::GetPublicId(t, *Resources::LookupParent(t, first.created.studyId)));
  }

  TEST_F(LateCreationTest, WhoComesLaterHasAHigherId)
  {
    int64_t last = 0;
    uint64_t roundTrips = 0;
    for (int i = 0; i < 100; i++)
    {
      const std::string series = i % 7 == 0 ? "another " + std::to_string(i) : "se";
      const Cost cost = Store(std::to_string(i), {}, series);
      EXPECT_LT(last, cost.created.instanceId);
      last = cost.created.instanceId;
      roundTrips += series == "se" ? cost.roundTrips : 0;
    }
    EXPECT_EQ(100, Count().instances);
    EXPECT_LE(roundTrips, 85u + 1); // those of "se"
  }

  TEST_F(LateCreationTest, IdsThatHaveRunOutAreAskedFor)
  {
    uint64_t roundTrips = 0;
    for (int i = 0; i < 100; i++)
    {
      roundTrips += Store(std::to_string(i)).roundTrips;
    }
    EXPECT_EQ(100, Count().instances);
    EXPECT_EQ(103u, roundTrips); // asked for the first one, after 16 more, and after 32 more
  }

  TEST_F(LateCreationTest, ThePatientMovesToTheEndOfTheOrder)
  {
    Store("i1");
    {
      IndexTransaction t = Write();
      Resources::CreateInstance(t, "p2", "st2", "se2", "j1");
      t.Commit();
    }
    EXPECT_EQ(1u, Store("i2").roundTrips);
    IndexTransaction t = Read();
    EXPECT_EQ("p2", Resources::GetPublicId(t, t.dialect.SelectPatientToRecycle(t.transaction, 0).value()));
  }

  TEST_F(LateCreationTest, WhoDeletesMeanwhileWaits)
  {
    Store("i1");
    IndexTransaction t = WriteKnown();
    IsFound(t, "i2");
    Resources::CreateInstance(t, "p", "st", "se", "i2");
    t.transaction.Flush();

    IndexTransaction other = Write();
    const int64_t pid = GetSessionId(other);
    const int64_t patient = Resources::Lookup(other, "p").value().id;
    auto deleted = std::async(std::launch::async,
                              [&]
                              {
                                return Resources::DeleteResource(other, patient).resources.size();
                              });
    WaitUntilBlocked(pid);
    t.Commit();
    EXPECT_EQ(5u, deleted.get());
    other.Commit();
    EXPECT_EQ(Statistics(), Count());
  }

  TEST_F(LateCreationTest, LaterChangesAreNotShownBeforeItsOwn)
  {
    Store("i1");
    IndexTransaction t = WriteKnown();
    IsFound(t, "i2");
    const auto created = Resources::CreateInstance(t, "p", "st", "se", "i2");
    Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, "date");
    t.transaction.Flush();
    {
      IndexTransaction other = Write();
      const auto second = Resources::CreateInstance(other, "p2", "st2", "se2", "j1");
      Changes::Log(other, 2, ResourceLevel::Instance, second.instanceId, "date");
      other.Commit();
    }
    const auto getLimit = [&]
    {
      IndexTransaction reader = Read();
      int64_t limit = 0;
      reader.dialect.AskVisibleChangesLimit(reader.transaction, limit);
      reader.transaction.Flush();
      return limit;
    };
    const int64_t before = getLimit();
    t.Commit();
    EXPECT_EQ(before + 2, getLimit());
  }

  TEST_F(LateCreationTest, NobodyHasLookedForIt)
  {
    Store("i1");
    IndexTransaction t = WriteKnown();
    const uint64_t before = t.transaction.GetStatistics().roundTrips;
    IsFound(t, "something else");
    EXPECT_FALSE(Resources::CreateInstance(t, "p", "st", "se", "i1").isNewInstance);
    EXPECT_EQ(2u, t.transaction.GetStatistics().roundTrips - before);
  }

  TEST_F(LateCreationTest, ASeriesThatIsGoneIsMadeAgain)
  {
    for (const std::string gone : {"se", "st", "p"})
    {
      const Cost first = Store("i1");
      EXPECT_THROW(Store("i2",
                         [&]
                         {
                           Delete(gone);
                         }),
                   RetryableError)
          << gone;
      EXPECT_EQ(Statistics(), Count());
      const Cost again = Store("i2");
      EXPECT_TRUE(again.created.isNewSeries);
      EXPECT_NE(first.created.seriesId, again.created.seriesId);
      EXPECT_EQ((Statistics{1, 1, 1, 1, 10, 20}), Count());
      IndexTransaction t = WriteKnown();
      Resources::DeleteResource(t, again.created.patientId);
      t.Commit();
    }
  }

  TEST_F(LateCreationTest, ASeriesThatAloneIsGoneIsMadeAgain)
  {
    Store("i1");
    Store("j1", {}, "other");
    EXPECT_THROW(Store("i2",
                       [&]
                       {
                         Delete("se");
                       }),
                 RetryableError);
    EXPECT_EQ((Statistics{1, 1, 1, 1, 10, 20}), Count());
    const Cost again = Store("i2");
    EXPECT_TRUE(again.created.isNewSeries);
    EXPECT_FALSE(again.created.isNewStudy);
    EXPECT_EQ((Statistics{1, 1, 2, 2, 20, 40}), Count());
  }

  TEST_F(LateCreationTest, AnInstanceThatAnotherOneHasStoredIsFound)
  {
    Store("i1");
    EXPECT_THROW(Store("i2",
                       [&]
                       {
                         IndexTransaction other = Write();
                         EXPECT_TRUE(Resources::CreateInstance(other, "p", "st", "se", "i2").isNewInstance);
                         other.Commit();
                       }),
                 RetryableError);
    EXPECT_EQ((Statistics{1, 1, 1, 2, 10, 20}), Count());
    IndexTransaction t = WriteKnown();
    EXPECT_FALSE(Resources::CreateInstance(t, "p", "st", "se", "i2").isNewInstance);
  }

  // As at a standby that has taken over without the last numbers of the former server
  TEST_F(LateCreationTest, AnIdThatIsTakenIsNotTakenAgain)
  {
    const Cost first = Store("i1");
    {
      Transaction transaction(database_->Get(), AccessMode::ReadWrite);
      transaction.Execute("SELECT setval('Resources_internalId_seq', $1)", first.created.instanceId);
      transaction.Commit();
    }
    IndexTransaction t = Write();
    const auto other = Resources::CreateInstance(t, "p2", "st2", "se2", "j1");
    t.Commit();
    EXPECT_THROW(Store("i2"), RetryableError);
    EXPECT_EQ((Statistics{2, 2, 2, 2, 10, 20}), Count());
    IndexTransaction reader = Read();
    EXPECT_EQ("j1", Resources::GetPublicId(reader, other.instanceId));
  }

  // The same, before anybody has been given the id again
  TEST_F(LateCreationTest, AnIdThatIsStillToBeGivenIsNotTaken)
  {
    const Cost first = Store("i1");
    {
      Transaction transaction(database_->Get(), AccessMode::ReadWrite);
      transaction.Execute("SELECT setval('Resources_internalId_seq', $1)", first.created.instanceId);
      transaction.Commit();
    }
    EXPECT_THROW(Store("i2"), RetryableError);
    EXPECT_EQ(first.created.instanceId + 1, Store("i2").created.instanceId);
    EXPECT_EQ(1u, Store("i3").roundTrips); // with an id that the server has given since
    EXPECT_EQ((Statistics{1, 1, 1, 3, 30, 60}), Count());
  }

  TEST_F(LateCreationTest, WhatWasRolledBackIsNotKnown)
  {
    {
      IndexTransaction t = WriteKnown();
      IsFound(t, "i1");
      Resources::CreateInstance(t, "p", "st", "se", "i1");
    }
    EXPECT_FALSE(known_->Expect("se"));
    EXPECT_TRUE(Store("i2").created.isNewSeries);
    EXPECT_TRUE(known_->Expect("se"));
  }

  // Two replicas, each with what it knows, store and delete within one patient.
  TEST_F(LateCreationTest, StoresAndDeletionsAtRandom)
  {
    const std::shared_ptr<KnownSeries> replicas[] = {std::make_shared<KnownSeries>(),
                                                     std::make_shared<KnownSeries>()};
    std::atomic<int> stored = 0;
    std::atomic<int> outdated = 0;
    RunThreads(6,
               [&](unsigned int thread)
               {
                 std::mt19937 random(thread);
                 for (int i = 0; i < 80; i++)
                 {
                   const std::string series = std::to_string(random() % 3);
                   const std::string instance = series + "-" + std::to_string(random() % 20);
                   const bool isDeletion = random() % 8 == 0;
                   const std::string target = random() % 2 == 0 ? "se" + series : "i" + instance;
                   const std::string uuid = "u" + std::to_string(thread) + "-" + std::to_string(i);
                   const auto action = [&](IndexTransaction& t)
                   {
                     if (isDeletion)
                     {
                       if (const auto found = Resources::Lookup(t, target))
                       {
                         Resources::DeleteResource(t, found->id);
                       }
                     }
                     else if (!IsFound(t, "i" + instance))
                     {
                       const auto created =
                           Resources::CreateInstance(t, "p", "st", "se" + series, "i" + instance);
                       if (created.isNewInstance)
                       {
                         Attachments::Add(t, created.instanceId, MakeAttachment(uuid, 1, 10, 20), 0);
                       }
                     }
                   };
                   for (bool isDone = false; !isDone;)
                   {
                     try
                     {
                       IndexTransaction t(database_->Get(), database_->GetDialect(), AccessMode::ReadWrite,
                                          replicas[thread % 2]);
                       action(t);
                       t.Commit();
                       isDone = true;
                       stored += isDeletion ? 0 : 1;
                     }
                     catch (const RetryableError&)
                     {
                       outdated++;
                     }
                     catch (const RegistryError& error)
                     {
                       isDone = true; // deleted by another one since it was found
                       EXPECT_TRUE(isDeletion && error.GetCode() == ErrorCode::UnknownResource)
                           << error.what();
                     }
                   }
                 }
               });
    std::cout << stored << " looked for and stored, " << outdated << " once more" << std::endl;
    const Statistics counts = Count();
    EXPECT_EQ(counts.instances * 10, counts.compressedSize); // all have their file
  }
}
