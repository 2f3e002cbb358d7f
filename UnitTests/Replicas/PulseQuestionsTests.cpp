// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/PulseQuestions.h"

#include "Framework/Directory/DirectoryStore.h"
#include "Framework/Replicas/ReplicaCallStore.h"
#include "Framework/Stability/UnstableTable.h"
#include "UnitTests/Jobs/FlowFixture.h"
#include "UnitTests/Jobs/TestJobs.h"

#include <cstdio>

namespace OrthancRegistry::Testing
{
  using namespace std::chrono_literals;

  // What the heartbeat asks for others, and what it costs
  class PulseQuestionsTest : public FlowTest
  {
  protected:
    void SetUp() override
    {
      FlowTest::SetUp();
      database_->Migrate("Calls");
      database_->Migrate("Directory");
      database_->Migrate("Stability");
    }

    // Those of all parts
    static std::vector<std::string_view> GetAllQuestions()
    {
      return {DirectoryStore::GetVersionQuestion(DirectoryKind::Modalities),
              DirectoryStore::GetVersionQuestion(DirectoryKind::Peers),
              ReplicaCallStore::GetWaitingQuestion(), UnstableTable::GetQuestion()};
    }

    std::string Explain(const std::string& incarnation)
    {
      const bool isPostgreSQL = GetParam() == Engine::PostgreSQL;
      const std::string statement = std::string("EXPLAIN ") +
                                    (isPostgreSQL ? "(COSTS OFF) " : "QUERY PLAN ") +
                                    ReplicaRegistry::MakeHeartbeat(GetAllQuestions());
      const int64_t zero = 0;
      const Parameter parameters[] = {Bind(incarnation), Bind(zero), Bind(zero)};
      std::string plan;
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.QueryRows(statement, parameters,
                            [&plan](const IRow& row)
                            {
                              plan += row.GetText(row.GetColumnCount() - 1) + "\n";
                            });
      return plan;
    }

    void InsertMany(int64_t count)
    {
      InsertManyJobs(GetDatabase(), count);
      const std::string numbers = "WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL"
                                  " SELECT n + 1 FROM numbers WHERE n < $1) ";
      Execute(numbers + "INSERT INTO SharedUnstable(internalId, level, publicId, lastAt)"
                        " SELECT n, 2, 'x', n FROM numbers",
              count);
      Execute(
          numbers +
              "INSERT INTO SharedReplicaCalls(id, caller, target, method, uri, body, createdAt, expiresAt)"
              " SELECT 'call-' || CAST(n AS TEXT), 'c', 't', 0, '/', $2, n, n FROM numbers",
          count, Binary{});
      for (const char* table : {"SharedJobs", "SharedUnstable", "SharedReplicaCalls", "SharedDirectories"})
      {
        Execute(std::string("ANALYZE ") + table);
      }
    }
  };

  CONFORMANCE_SUITE(PulseQuestionsTest);

  TEST_P(PulseQuestionsTest, TheHeartbeatAsksUntilTheQuestionIsTakenBack)
  {
    TestReplica& replica = AddReplica("a");
    std::atomic<size_t> answers = 0;
    std::atomic<int64_t> sum = 0;
    std::atomic<bool> isNull = false;
    const auto first = replica.GetQuestions().Ask(
        {"(SELECT capacity FROM SharedReplicas WHERE incarnation = $1)", [&](std::optional<int64_t> answer)
         {
           sum = sum + answer.value();
           answers++;
         }});
    auto second = replica.GetQuestions().Ask({"(SELECT capacity FROM SharedReplicas WHERE incarnation = '')",
                                              [&](std::optional<int64_t> answer)
                                              {
                                                isNull = !answer;
                                              }});
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return answers >= 2 && isNull;
        }));
    second.reset();
    isNull = false;
    const size_t before = answers;
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return answers >= before + 3;
        }));
    EXPECT_FALSE(isNull.load());
    EXPECT_EQ(sum % static_cast<int64_t>(configuration_.concurrentJobs), 0);
    EXPECT_GT(sum, 0);
  }

  TEST_P(PulseQuestionsTest, AReplicaTakenForDeadGetsItsAnswersOnceItIsBack)
  {
    TestReplica& replica = AddReplica("a");
    std::atomic<size_t> answers = 0;
    const auto asked = replica.GetQuestions().Ask({"(SELECT 1)", [&](std::optional<int64_t>)
                                                   {
                                                     answers++;
                                                   }});
    Execute("DELETE FROM SharedReplicas");
    const size_t before = answers;
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return answers > before + 1;
        }));
  }

  TEST_P(PulseQuestionsTest, TheHeartbeatReadsIndexesOnly)
  {
    const Stores stores = MakeStores();
    constexpr int64_t COUNT = 100000;
    InsertMany(COUNT);
    const std::string plan = Explain(stores.identity.incarnation);
    for (const char* table : {"sharedjobs", "sharedunstable", "sharedreplicacalls"})
    {
      EXPECT_EQ(std::string::npos, plan.find(std::string("Seq Scan on ") + table)) << plan;
    }
    for (const char* name : {"job", "asked", "later", "SharedReplicaCalls"})
    {
      EXPECT_EQ(std::string::npos, plan.find(std::string("SCAN ") + name + "\n")) << plan;
    }
    EXPECT_EQ(std::string::npos, plan.find("Sort")) << plan;
    EXPECT_EQ(std::string::npos, plan.find("TEMP B-TREE")) << plan;
  }

  TEST_P(PulseQuestionsTest, TheHeartbeatCostsTheSameWithManyRows)
  {
    Stores stores = MakeStores();
    const auto questions = GetAllQuestions();
    const auto measure = [&]
    {
      double shortest = 1e9;
      for (int i = 0; i < 30; i++)
      {
        const auto start = std::chrono::steady_clock::now();
        stores.registry.Beat(0, questions);
        const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
        shortest = i < 10 ? shortest : std::min(shortest, time.count());
      }
      return shortest;
    };
    const double empty = measure();
    InsertMany(100000);
    const double full = measure();
    std::printf("A heartbeat with all questions: %.2f ms, with 100,000 jobs %.2f ms\n", empty, full);
    EXPECT_LT(full, 2 * empty + 2);
    const auto answers = stores.registry.Beat(0, questions).answers;
    ASSERT_EQ(answers.size(), 4u);
    EXPECT_EQ(answers[0], 0);
    EXPECT_EQ(answers[1], 0);
    EXPECT_EQ(answers[2], 0);
    EXPECT_FALSE(answers[3]);
    Execute("INSERT INTO SharedUnstable(internalId, level, publicId, lastAt)"
            " VALUES (100001, 2, 'x', SharedNow() - 1000000)");
    EXPECT_EQ(stores.registry.Beat(0, questions).answers.at(3), 100001);
  }

  TEST(PulseQuestions, WhoIsToldLooksHardlyEver)
  {
    EXPECT_EQ(PulseQuestions().GetLookInterval(5s), 5s);
    EXPECT_EQ(PulseQuestions(1s).GetLookInterval(5s), 1min);
    EXPECT_EQ(PulseQuestions(5s).GetLookInterval(5s), 1min);
    EXPECT_EQ(PulseQuestions(6s).GetLookInterval(5s), 5s);
    EXPECT_EQ(PulseQuestions(1s).GetLookInterval(1h), 1h);
  }

  TEST(PulseQuestions, AnswersToWhatIsNotAskedAnyMoreAreDropped)
  {
    PulseQuestions questions;
    size_t answers = 0;
    const auto count = [&](std::optional<int64_t>)
    {
      answers++;
    };
    auto first = questions.Ask({"(SELECT 1)", count});
    const auto second = questions.Ask({"(SELECT 2)", count});
    const auto round = questions.GetRound();
    ASSERT_EQ(round.sql.size(), 2u);
    EXPECT_EQ(round.sql[1], "(SELECT 2)");
    first.reset();
    const std::vector<std::optional<int64_t>> values = {1, 2};
    questions.Deliver(round, values);
    EXPECT_EQ(answers, 1u);
    questions.Deliver(round, {}); // the replica was not registered
    EXPECT_EQ(answers, 1u);
    EXPECT_EQ(questions.GetRound().sql.size(), 1u);
  }
}
