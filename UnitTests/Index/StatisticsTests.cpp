// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/IndexTest.h"

namespace OrthancRegistry::Testing
{
  class StatisticsTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(StatisticsTest);

  TEST_P(StatisticsTest, OwnWorkCountsAndOthersDoesNot)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Attachments::Add(t, created.instanceId, MakeAttachment("u1", 1, 10, 100), 0);
    EXPECT_EQ((Statistics{1, 1, 1, 1, 10, 100}), StatisticsQueries::GetAll(t));
    EXPECT_EQ(1, StatisticsQueries::GetResourcesCount(t, ResourceLevel::Patient));
    EXPECT_EQ(1, StatisticsQueries::GetResourcesCount(t, ResourceLevel::Instance));
    EXPECT_EQ(10, StatisticsQueries::GetTotalCompressedSize(t));
    EXPECT_EQ(100, StatisticsQueries::GetTotalUncompressedSize(t));
    {
      IndexTransaction reader = Read();
      EXPECT_EQ(Statistics(), StatisticsQueries::GetAll(reader));
    }
    t.transaction.Commit();

    IndexTransaction reader = Read();
    EXPECT_EQ((Statistics{1, 1, 1, 1, 10, 100}), StatisticsQueries::GetAll(reader));
  }

  TEST_P(StatisticsTest, ARollbackTakesTheCountsBack)
  {
    {
      IndexTransaction t = Write();
      Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
      EXPECT_EQ(1, StatisticsQueries::GetResourcesCount(t, ResourceLevel::Instance));
    }
    IndexTransaction t = Read();
    EXPECT_EQ(Statistics(), StatisticsQueries::GetAll(t));
  }

  TEST_P(StatisticsTest, TheDiskSizeIsAboveAtTheThreshold)
  {
    IndexTransaction t = Write();
    EXPECT_TRUE(StatisticsQueries::IsDiskSizeAbove(t, 0));
    EXPECT_FALSE(StatisticsQueries::IsDiskSizeAbove(t, 1));
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Attachments::Add(t, created.instanceId, MakeAttachment("u1", 1, 5'000'000'000, 1), 0);
    EXPECT_TRUE(StatisticsQueries::IsDiskSizeAbove(t, 4'999'999'999));
    EXPECT_TRUE(StatisticsQueries::IsDiskSizeAbove(t, 5'000'000'000));
    EXPECT_FALSE(StatisticsQueries::IsDiskSizeAbove(t, 5'000'000'001));
    EXPECT_FALSE(StatisticsQueries::IsDiskSizeAbove(t, std::numeric_limits<uint64_t>::max()));
  }

  TEST_P(StatisticsTest, FoldingChangesNothingForReaders)
  {
    IndexTransaction t = Write();
    for (int i = 0; i < 20; i++)
    {
      const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i" + std::to_string(i));
      Attachments::Add(t, created.instanceId, MakeAttachment("u" + std::to_string(i), 1, 10, 100), 0);
    }
    EXPECT_FALSE(StatisticsQueries::Fold(t));
    EXPECT_EQ((Statistics{1, 1, 1, 20, 200, 2000}), StatisticsQueries::GetAll(t));
    EXPECT_EQ(
        0, t.transaction.QueryValue<int64_t>("SELECT CAST(COUNT(*) AS BIGINT) FROM GlobalIntegersChanges"));

    Resources::DeleteResource(t, Resources::Lookup(t, "i3").value().id);
    EXPECT_EQ((Statistics{1, 1, 1, 19, 190, 1900}), StatisticsQueries::GetAll(t));
    StatisticsQueries::Fold(t);
    EXPECT_EQ(Recount(t), StatisticsQueries::GetAll(t));
  }

  class StatisticsIsolationTest : public PostgreSQLIndexTest
  {
  };

  TEST_F(StatisticsIsolationTest, FoldingIsBounded)
  {
    IndexTransaction t = Write();
    t.transaction.Execute(
        "INSERT INTO GlobalIntegersChanges (key, value) SELECT 2, 1 FROM generate_series(1, 15000)");
    EXPECT_TRUE(StatisticsQueries::Fold(t));
    EXPECT_EQ(5000, t.transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM GlobalIntegersChanges"));
    EXPECT_FALSE(StatisticsQueries::Fold(t));
    EXPECT_EQ(15000, StatisticsQueries::GetResourcesCount(t, ResourceLevel::Patient));
  }

  TEST_F(StatisticsIsolationTest, AWriterDoesNotWaitForAFolderNorForAnotherWriter)
  {
    IndexTransaction first = Write();
    Resources::CreateInstance(first, "p1", "st1", "se1", "i1");
    IndexTransaction second = Write();
    Resources::CreateInstance(second, "p2", "st2", "se2", "i2");
    EXPECT_FALSE(StatisticsQueries::Fold(second));
    Resources::CreateInstance(first, "p1", "st1", "se1", "i3");
    EXPECT_FALSE(StatisticsQueries::Fold(first)) << "The other one is at it";
    first.transaction.Commit();
    second.transaction.Commit();

    IndexTransaction t = Read();
    EXPECT_EQ((Statistics{2, 2, 2, 3, 0, 0}), StatisticsQueries::GetAll(t));
  }

  // The compressed and the uncompressed size always change together, so that a reader that catches a folder
  // half-way would see them differ.
  TEST_F(StatisticsIsolationTest, SumsAreExactWhileFoldersAndWritersWork)
  {
    constexpr unsigned int WRITERS = 4;
    constexpr int INSTANCES = 50;
    {
      std::atomic<bool> stop = false;
      const auto loop = [&stop](const std::function<void()>& action)
      {
        return std::jthread(
            [&stop, action]
            {
              while (!stop)
              {
                action();
              }
            });
      };
      const auto fold = [this]
      {
        IndexTransaction t = Write();
        StatisticsQueries::Fold(t);
        t.transaction.Commit();
      };
      const std::jthread folder1 = loop(fold);
      const std::jthread folder2 = loop(fold);
      const std::jthread reader = loop(
          [this]
          {
            IndexTransaction t = Read();
            const Statistics s = StatisticsQueries::GetAll(t);
            EXPECT_EQ(s.instances * 10, s.compressedSize);
            EXPECT_EQ(s.compressedSize, s.uncompressedSize);
          });

      RunThreads(WRITERS,
                 [&](unsigned int writer)
                 {
                   const std::string w = std::to_string(writer);
                   for (int i = 0; i < INSTANCES; i++)
                   {
                     IndexTransaction t = Write();
                     const std::string id = w + "-" + std::to_string(i);
                     const auto created = Resources::CreateInstance(t, "p" + w, "st" + w, "se" + w, "i" + id);
                     Attachments::Add(t, created.instanceId, MakeAttachment("u" + id, 1, 10, 10), 0);
                     t.transaction.Commit();
                   }
                 });
      stop = true;
    }
    IndexTransaction t = Write();
    EXPECT_EQ((Statistics{WRITERS, WRITERS, WRITERS, WRITERS * INSTANCES, WRITERS * INSTANCES * 10,
                          WRITERS * INSTANCES * 10}),
              StatisticsQueries::GetAll(t));
    EXPECT_EQ(Recount(t), StatisticsQueries::GetAll(t));
  }
}
