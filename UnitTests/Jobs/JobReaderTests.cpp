// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobReader.h"

#include "Framework/Common/Uuid.h"
#include "UnitTests/Jobs/TestJobs.h"
#include "UnitTests/TestDatabases.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace OrthancRegistry::Testing
{
  class JobReaderTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Jobs");
      reader_ = std::make_unique<JobReader>(GetDatabase());
    }

    // All pages of a query, of that size
    std::vector<std::string> FindAll(JobQuery query, size_t limit)
    {
      query.limit = limit;
      std::vector<std::string> ids;
      do
      {
        const JobPage page = reader_->Find(query);
        EXPECT_LE(page.ids.size(), limit);
        EXPECT_TRUE(page.ids.size() == limit || !page.next);
        ids.insert(ids.end(), page.ids.begin(), page.ids.end());
        query.after =
            page.next ? std::make_optional(ParsePageToken(FormatPageToken(*page.next))) : std::nullopt;
      } while (query.after);
      return ids;
    }

    std::unique_ptr<JobReader> reader_;
  };

  namespace
  {
    template <typename T>
    bool IsIn(const std::vector<T>& list, const T& value)
    {
      return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
    }

    bool HasReplica(const TestJob& job)
    {
      return job.origin == JobOrigin::Local || job.state == JobState::Running || IsEnded(job.state);
    }

    bool Matches(const JobFilter& filter, const TestJob& job)
    {
      return IsIn(filter.states, job.state) && IsIn(filter.origins, job.origin) &&
             IsIn(filter.types, job.type) && IsIn(filter.destinations, job.destination) &&
             (filter.replicas.empty() || (HasReplica(job) && IsIn(filter.replicas, job.replica))) &&
             job.created >= filter.since.value_or(job.created) &&
             job.created <= filter.until.value_or(job.created);
    }

    // Jobs of all kinds; the order of creation is not quite that of submission, and moments repeat.
    std::vector<TestJob> MakeRandomJobs(std::minstd_rand& random, int count)
    {
      std::vector<TestJob> jobs;
      for (int i = 0; i < count; i++)
      {
        TestJob& job = jobs.emplace_back();
        job.type = "T" + std::to_string(random() % 3);
        job.state = static_cast<JobState>(random() % 6);
        job.origin = static_cast<JobOrigin>(random() % 2);
        job.destination = random() % 2 == 0 ? "" : "D" + std::to_string(random() % 2);
        job.replica = random() % 2 == 0 ? "a" : "b";
        job.created = 1000 + i / 3 + static_cast<int>(random() % 10);
      }
      return jobs;
    }

    JobFilter MakeRandomFilter(std::minstd_rand& random)
    {
      JobFilter filter;
      const auto isWanted = [&random]
      {
        return random() % 3 == 0;
      };
      if (isWanted())
      {
        filter.states = {JobState::Success};
      }
      if (isWanted())
      {
        filter.states = {JobState::Pending, JobState::Failure, JobState::Retry};
      }
      if (isWanted())
      {
        filter.origins = {JobOrigin::Local};
      }
      if (isWanted())
      {
        filter.types = {"T1", "unknown"};
      }
      if (isWanted())
      {
        filter.destinations = {"D0"};
      }
      if (isWanted())
      {
        filter.replicas = {"b"};
      }
      if (isWanted())
      {
        filter.since = 1000 + static_cast<int>(random() % 40);
      }
      if (isWanted())
      {
        filter.until = 1000 + static_cast<int>(random() % 60);
      }
      return filter;
    }
  }

  TEST_P(JobReaderTest, FiltersOrdersAndPagesAsAModelDoes)
  {
    std::minstd_rand random(20261125);
    const std::vector<TestJob> jobs = MakeRandomJobs(random, 150);
    const std::vector<std::string> ids = InsertJobs(GetDatabase(), jobs);
    std::vector<size_t> order(jobs.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b)
                     {
                       return jobs[a].created < jobs[b].created;
                     });
    size_t found = 0;
    for (int i = 0; i < 200; i++)
    {
      JobQuery query;
      query.filter = MakeRandomFilter(random);
      query.order = random() % 2 == 0 ? JobOrder::Created : JobOrder::CreatedDescending;
      std::vector<std::string> expected;
      for (const size_t job : order)
      {
        if (Matches(query.filter, jobs[job]))
        {
          expected.push_back(ids[job]);
        }
      }
      if (query.order == JobOrder::CreatedDescending)
      {
        std::reverse(expected.begin(), expected.end());
      }
      found += expected.size();
      EXPECT_EQ(expected, reader_->Find(query).ids);
      EXPECT_FALSE(reader_->Find(query).next);
      EXPECT_EQ(expected, FindAll(query, 1 + random() % 20));
    }
    EXPECT_GT(found, 1000u);
  }

  TEST_P(JobReaderTest, PagesOfAllSizesAreExact)
  {
    const auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(1005));
    JobQuery query;
    query.order = JobOrder::Created;
    for (const size_t limit : {1u, 99u, 100u, 101u, 200u, 201u, 1000u, 1001u, 1004u, 1005u, 1006u, 10000u})
    {
      query.limit = limit;
      const JobPage page = reader_->Find(query);
      EXPECT_EQ(std::min<size_t>(limit, ids.size()), page.ids.size());
      EXPECT_EQ(limit < ids.size(), page.next.has_value()) << limit;
    }
    EXPECT_EQ(ids, FindAll(query, 100));
  }

  TEST_P(JobReaderTest, CursorGoesThroughAllInPieces)
  {
    std::vector<std::string> ids = InsertJobs(GetDatabase(), std::vector<TestJob>(450));
    std::sort(ids.begin(), ids.end());
    JobCursor cursor(*reader_, JobQuery());
    std::vector<std::string> read;
    size_t pieces = 0;
    for (auto piece = cursor.Next(); !piece.empty(); piece = cursor.Next())
    {
      EXPECT_LE(piece.size(), JobReader::MAXIMUM_BATCH);
      pieces++;
      for (const Job& job : piece)
      {
        read.push_back(job.id);
      }
    }
    EXPECT_EQ(ids, read);
    EXPECT_EQ(3u, pieces);
    EXPECT_TRUE(cursor.Next().empty());
  }

  TEST_P(JobReaderTest, LargeJobsComeInSmallerPieces)
  {
    TestJob large;
    large.content = "{\"Text\":\"" + std::string(300000, 'x') + "\"}";
    std::vector<TestJob> jobs(40, large);
    jobs[7].content = "{\"Text\":\"" + std::string(3000000, 'x') + "\"}"; // more than a piece may have
    const auto ids = InsertJobs(GetDatabase(), jobs);
    JobCursor cursor(*reader_, ids);
    std::vector<std::string> read;
    size_t pieces = 0;
    for (auto piece = cursor.Next(); !piece.empty(); piece = cursor.Next())
    {
      EXPECT_LE(piece.size(), 4u); // one more than a piece may have: the next one is always read
      pieces++;
      for (const Job& job : piece)
      {
        read.push_back(job.id);
        EXPECT_FALSE(job.content["Text"].asString().empty());
      }
    }
    EXPECT_EQ(ids, read);
    EXPECT_GE(pieces, 10u);
  }

  TEST_P(JobReaderTest, VanishedJobsAreLeftOut)
  {
    const auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(3));
    JobCursor cursor(*reader_, {GenerateUuid(), ids[2], GenerateUuid(), ids[0], GenerateUuid()});
    const auto jobs = cursor.Next();
    ASSERT_EQ(2u, jobs.size());
    EXPECT_EQ(ids[2], jobs[0].id);
    EXPECT_EQ(ids[0], jobs[1].id);
    EXPECT_TRUE(cursor.Next().empty());
    EXPECT_TRUE(JobCursor(*reader_, {GenerateUuid()}).Next().empty());
  }

  // New jobs and jobs that vanish while a client goes from page to page
  TEST_P(JobReaderTest, PagesSurviveChanges)
  {
    auto ids = InsertJobs(GetDatabase(), std::vector<TestJob>(30));
    JobQuery query;
    query.order = JobOrder::Created;
    query.limit = 10;
    JobPage page = reader_->Find(query);
    query.after = page.next;
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("DELETE FROM SharedJobs WHERE id = ANY($1)",
                          std::vector<std::string>{ids[9], ids[15]});
      transaction.Commit();
    }
    ids.push_back(InsertJob(GetDatabase(), TestJob()));
    ids.erase(ids.begin() + 15);
    query.limit = 100;
    EXPECT_EQ(std::vector<std::string>(ids.begin() + 10, ids.end()), reader_->Find(query).ids);
  }

  CONFORMANCE_SUITE(JobReaderTest);
}
