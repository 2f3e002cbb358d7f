// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Labels.h"
#include "Framework/Index/Metadata.h"
#include "UnitTests/Index/IndexTest.h"

#include <future>
#include <random>

namespace OrthancRegistry::Testing
{
  class ConcurrencyTest : public IndexTest
  {
  protected:
    void ExpectConsistent(const Statistics& expected)
    {
      IndexTransaction t = Write();
      EXPECT_EQ(expected, StatisticsQueries::GetAll(t));
      EXPECT_EQ(expected, Recount(t));
      EXPECT_EQ(0, CountChildless(t));
      EXPECT_EQ(0, CountOrphans(t));
      while (StatisticsQueries::Fold(t))
      {
      }
      EXPECT_EQ(expected, StatisticsQueries::GetAll(t));
    }

    static void Overwrite(IndexTransaction& t, const std::string& study, const std::string& series,
                          const std::string& instance, const std::string& uuid)
    {
      auto created = Resources::CreateInstance(t, "p", "st" + study, "se" + series, "i" + instance);
      if (!created.isNewInstance)
      {
        Resources::DeleteResource(t, created.instanceId);
        created = Resources::CreateInstance(t, "p", "st" + study, "se" + series, "i" + instance);
      }
      EXPECT_TRUE(created.isNewInstance);
      Attachments::Add(t, created.instanceId, MakeAttachment(uuid, 1, 10, 20), 0);
      Metadata::Set(t, created.patientId, 7, "now", 0);
    }
  };
  CONFORMANCE_SUITE(ConcurrencyTest);

  TEST_P(ConcurrencyTest, SiblingsOfANewStudyMakeEachParentOnce)
  {
    constexpr unsigned int THREADS = 8;
    constexpr unsigned int ROUNDS = 5;
    for (unsigned int round = 0; round < ROUNDS; round++)
    {
      std::atomic<int> patients = 0;
      std::atomic<int> studies = 0;
      std::atomic<int> series = 0;
      std::atomic<int> instances = 0;
      const std::string r = std::to_string(round);
      RunThreads(THREADS,
                 [&](unsigned int thread)
                 {
                   CreatedInstance created;
                   RunInIndex(
                       *database_,
                       [&](IndexTransaction& t)
                       {
                         created = Resources::CreateInstance(t, "p" + r, "st" + r,
                                                             "se" + r + "-" + std::to_string(thread % 2),
                                                             "i" + r + "-" + std::to_string(thread));
                         Attachments::Add(t, created.instanceId,
                                          MakeAttachment("u" + r + "-" + std::to_string(thread), 1, 1, 2), 0);
                       });
                   patients += created.isNewPatient ? 1 : 0;
                   studies += created.isNewStudy ? 1 : 0;
                   series += created.isNewSeries ? 1 : 0;
                   instances += created.isNewInstance ? 1 : 0;
                 });
      EXPECT_EQ(1, patients);
      EXPECT_EQ(1, studies);
      EXPECT_EQ(2, series);
      EXPECT_EQ(static_cast<int>(THREADS), instances);
    }
    ExpectConsistent({ROUNDS, ROUNDS, 2 * ROUNDS, THREADS * ROUNDS, THREADS * ROUNDS, 2 * THREADS * ROUNDS});
  }

  TEST_P(ConcurrencyTest, TheSameInstanceIsNewOnce)
  {
    std::atomic<int> created = 0;
    RunThreads(8,
               [&](unsigned int)
               {
                 bool isNew = false;
                 RunInIndex(*database_,
                            [&](IndexTransaction& t)
                            {
                              isNew = Resources::CreateInstance(t, "p", "st", "se", "i").isNewInstance;
                            });
                 created += isNew ? 1 : 0;
               });
    EXPECT_EQ(1, created);
    ExpectConsistent({1, 1, 1, 1, 0, 0});
  }

  TEST_P(ConcurrencyTest, DeletingTheLastChildrenTogetherLeavesNoParent)
  {
    for (int round = 0; round < 10; round++)
    {
      int64_t ids[2] = {};
      {
        IndexTransaction t = Write();
        ids[0] = Resources::CreateInstance(t, "p", "st", "se1", "i1").instanceId;
        ids[1] = Resources::CreateInstance(t, "p", "st", "se2", "i2").instanceId;
        t.transaction.Commit();
      }
      std::atomic<size_t> deleted = 0;
      RunThreads(2,
                 [&](unsigned int thread)
                 {
                   size_t count = 0;
                   RunInIndex(*database_,
                              [&](IndexTransaction& t)
                              {
                                count = Resources::DeleteResource(t, ids[thread]).resources.size();
                              });
                   deleted += count;
                 });
      EXPECT_EQ(6u, deleted);
      ExpectConsistent({});
    }
  }

  // Creates, overwrites and deletes within one patient, as parallel uploads with "OverwriteInstances" do
  TEST_P(ConcurrencyTest, CreationAndDeletionAtRandom)
  {
    const int operations = GetParam() == Engine::PostgreSQL ? 60 : 15;
    RunThreads(
        6,
        [&](unsigned int thread)
        {
          std::mt19937 random(thread);
          for (int i = 0; i < operations; i++)
          {
            const std::string study = std::to_string(random() % 2);
            const std::string series = study + "-" + std::to_string(random() % 2);
            const std::string instance = series + "-" + std::to_string(random() % 3);
            const std::string uuid = "u" + std::to_string(thread) + "-" + std::to_string(i);
            const bool overwrite = random() % 2 == 0;
            const bool isWriting = random() % 2 == 0;
            const std::string target =
                std::vector<std::string>{"p", "st" + study, "se" + series, "i" + instance, "i" + instance}.at(
                    random() % 5);
            try
            {
              RunInIndex(*database_,
                         [&](IndexTransaction& t)
                         {
                           if (overwrite)
                           {
                             Overwrite(t, study, series, instance, uuid);
                           }
                           else if (const auto found = Resources::Lookup(t, target); found && isWriting)
                           {
                             Metadata::Set(t, found->id, 1024, uuid, 0);
                             Labels::Add(t, found->id, uuid);
                           }
                           else if (found)
                           {
                             Resources::DeleteResource(t, found->id);
                           }
                         });
            }
            catch (const ConstraintError&)
            {
              EXPECT_TRUE(isWriting) << "Only that may fail: deleted since it was looked up";
            }
            catch (const RegistryError& e)
            {
              // The same
              if (overwrite || isWriting || e.GetCode() != ErrorCode::UnknownResource)
              {
                throw;
              }
            }
          }
        });

    Statistics expected;
    {
      IndexTransaction t = Read();
      expected = Recount(t);
    }
    ExpectConsistent(expected);
  }

  class ConcurrentCreationTest : public PostgreSQLIndexTest
  {
  };

  TEST_F(ConcurrentCreationTest, TheSecondCreatorWaitsAndFindsTheInstance)
  {
    IndexTransaction first = Write();
    const auto created = Resources::CreateInstance(first, "p", "st", "se", "i");
    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto again = std::async(std::launch::async,
                            [&]
                            {
                              return Resources::CreateInstance(second, "p", "st", "se", "i");
                            });
    WaitUntilBlocked(pid);
    first.transaction.Commit();
    const CreatedInstance found = again.get();
    EXPECT_FALSE(found.isNewInstance);
    EXPECT_EQ(created.instanceId, found.instanceId);
  }

  TEST_F(ConcurrentCreationTest, ACreatorWhoWaitedForADeletionCreatesAllAgain)
  {
    int64_t patient = 0;
    {
      IndexTransaction t = Write();
      patient = Resources::CreateInstance(t, "p", "st", "se", "i1").patientId;
      t.transaction.Commit();
    }
    IndexTransaction first = Write();
    Resources::DeleteResource(first, patient);
    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto again = std::async(std::launch::async,
                            [&]
                            {
                              return Resources::CreateInstance(second, "p", "st", "se", "i2");
                            });
    WaitUntilBlocked(pid);
    first.transaction.Commit();
    const CreatedInstance created = again.get();
    EXPECT_TRUE(created.isNewPatient && created.isNewStudy && created.isNewSeries && created.isNewInstance);
    second.transaction.Commit();

    IndexTransaction t = Read();
    EXPECT_EQ((Statistics{1, 1, 1, 1, 0, 0}), StatisticsQueries::GetAll(t));
    EXPECT_EQ(0, CountChildless(t));
  }

  TEST_F(ConcurrentCreationTest, PatientsDoNotWaitForEachOther)
  {
    IndexTransaction first = Write();
    IndexTransaction second = Write();
    Resources::CreateInstance(first, "p1", "st1", "se1", "i1");
    Resources::CreateInstance(second, "p2", "st2", "se2", "i2");
    Resources::DeleteResource(first, Resources::Lookup(first, "i1").value().id);
    Resources::CreateInstance(first, "p1", "st1", "se1", "i1");
    second.transaction.Commit();
    first.transaction.Commit();
  }
}
