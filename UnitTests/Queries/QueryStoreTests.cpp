// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryStore.h"

#include "Framework/Common/Uuid.h"
#include "Framework/Database/Transaction.h"
#include "Framework/Queries/QueryRetention.h"
#include "UnitTests/Queries/Datasets.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <algorithm>
#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int64_t MINUTE = int64_t{60} * 1000000;
    constexpr int64_t HOUR = 60 * MINUTE;
  }

  class SharedQueriesStore : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Queries");
    }

    QueryStore MakeStore()
    {
      return QueryStore({GenerateUuid(), "replica-1", "First", "1.13.0"}, GetDatabase());
    }

    static Query MakeQuery()
    {
      Query query;
      query.id = GenerateUuid();
      query.modality = "pacs";
      query.level = ResourceLevel::Series;
      SetTag(query.query, "0010,0020", "PatientID", "*");
      query.isNormalized = false;
      query.localAet = "ME";
      query.targetAet = "YOU";
      query.retrieveMethod = "C-GET";
      query.timeoutSeconds = 4000000000;
      return query;
    }

    // Answers the ids in the order of their insertion.
    std::vector<std::string> Insert(int count, int answers = 1)
    {
      QueryStore store = MakeStore();
      std::vector<std::string> ids;
      for (int i = 0; i < count; i++)
      {
        const Query query = MakeQuery();
        store.Insert(query, std::vector<Json::Value>(static_cast<size_t>(answers), MakeStudyAnswer(i)));
        ids.push_back(query.id);
      }
      return ids;
    }

    void Age(const std::string& id, int64_t created, int64_t lastUsed)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute("UPDATE SharedQueries SET createdAt = SharedNow() - $2,"
                          " lastUsedAt = SharedNow() - $3 WHERE id = $1",
                          id, created, lastUsed);
      transaction.Commit();
    }

    int64_t Count(std::string_view sql)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>(sql);
    }

    int64_t GetIdleTime(const std::string& id)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<int64_t>(
          "SELECT SharedNow() - lastUsedAt FROM SharedQueries WHERE id = $1", id);
    }

    static QueriesConfiguration Configure(unsigned int size, unsigned int hours)
    {
      QueriesConfiguration configuration;
      configuration.size = size;
      configuration.hours = hours;
      return configuration;
    }

    static std::vector<std::string> Sort(std::vector<std::string> ids)
    {
      std::sort(ids.begin(), ids.end());
      return ids;
    }
  };

  TEST_P(SharedQueriesStore, EverythingComesBack)
  {
    const Query query = MakeQuery();
    std::vector<Json::Value> answers;
    for (int i = 0; i < 1200; i++)
    {
      answers.push_back(MakeStudyAnswer(i));
    }
    SetTag(answers[7], "0032,4000", "StudyComments", std::string(20000, 'x'));
    QueryStore store = MakeStore();
    store.Insert(query, answers);

    const auto all = store.Read(query.id, AnswerRange::All()).value();
    EXPECT_EQ(answers, all.answers);
    EXPECT_EQ(query.id, all.query.id);
    EXPECT_EQ(query.modality, all.query.modality);
    EXPECT_EQ(query.level, all.query.level);
    EXPECT_EQ(query.query, all.query.query);
    EXPECT_EQ(query.isNormalized, all.query.isNormalized);
    EXPECT_EQ(query.localAet, all.query.localAet);
    EXPECT_EQ(query.targetAet, all.query.targetAet);
    EXPECT_EQ(query.retrieveMethod, all.query.retrieveMethod);
    EXPECT_EQ(query.timeoutSeconds, all.query.timeoutSeconds);
    EXPECT_EQ(answers.size(), all.query.answersCount);
    EXPECT_EQ(1, Count("SELECT COUNT(*) FROM SharedQueryAnswers WHERE packedContent IS NOT NULL"));
    EXPECT_EQ(1, Count("SELECT COUNT(*) FROM SharedQueries WHERE serverIdentifier = 'replica-1'"
                       " AND replica = 'First'"));
  }

  TEST_P(SharedQueriesStore, RangesOfAnswers)
  {
    const std::string id = Insert(1, 3).front();
    QueryStore store = MakeStore();
    EXPECT_TRUE(store.Read(id, AnswerRange::None()).value().answers.empty());
    EXPECT_EQ(1u, store.Read(id, {2, 1}).value().answers.size());
    EXPECT_TRUE(store.Read(id, {3, 1}).value().answers.empty());
    EXPECT_TRUE(store.Read(id, {UINT64_MAX, 1}).value().answers.empty());
    EXPECT_TRUE(store.Read(id, {INT64_MAX, 1}).value().answers.empty());
    EXPECT_FALSE(store.Read("nope", AnswerRange::All()));

    const std::string empty = Insert(1, 0).front();
    EXPECT_TRUE(store.Read(empty, AnswerRange::All()).value().answers.empty());
  }

  TEST_P(SharedQueriesStore, ListAndDelete)
  {
    auto ids = Insert(5);
    QueryStore store = MakeStore();
    EXPECT_EQ(Sort(ids), store.GetIds());
    store.Delete(ids.back());
    store.Delete(ids.back());
    store.Delete("nope");
    ids.pop_back();
    EXPECT_EQ(Sort(ids), store.GetIds());
    EXPECT_EQ(4, Count("SELECT COUNT(*) FROM SharedQueryAnswers"));
  }

  TEST_P(SharedQueriesStore, AnInsertThatIsRepeatedIsOne)
  {
    const Query query = MakeQuery();
    const std::vector<Json::Value> answers(3, MakeStudyAnswer(1));
    MakeStore().Insert(query, answers);
    MakeStore().Insert(query, answers);
    EXPECT_EQ(answers, MakeStore().Read(query.id, AnswerRange::All()).value().answers);
  }

  TEST_P(SharedQueriesStore, TextThatIsNoText)
  {
    Query query = MakeQuery();
    Json::Value answer = MakeStudyAnswer(1);
    SetTag(answer, "0010,0010", "PatientName", std::string("a\0b", 3));
    MakeStore().Insert(query, {answer});
    EXPECT_EQ(answer, MakeStore().Read(query.id, AnswerRange::All()).value().answers.at(0));
    query.id = GenerateUuid();
    SetTag(answer, "0010,0010", "PatientName", "a\xff");
    MakeStore().Insert(query, {answer});
    EXPECT_EQ(1u, MakeStore().Read(query.id, AnswerRange::All()).value().answers.size());
  }

  TEST_P(SharedQueriesStore, AUseIsWrittenOnceAMinute)
  {
    const std::string id = Insert(1).front();
    QueryStore store = MakeStore();
    Age(id, MINUTE / 2, MINUTE / 2);
    store.Read(id, AnswerRange::None());
    EXPECT_LE(MINUTE / 2, GetIdleTime(id));
    Age(id, 2 * MINUTE, 2 * MINUTE);
    store.Read(id, AnswerRange::None());
    EXPECT_GT(MINUTE, GetIdleTime(id));
  }

  TEST_P(SharedQueriesStore, TheLeastRecentlyUsedGo)
  {
    const auto ids = Insert(6, 3);
    for (size_t i = 0; i < ids.size(); i++)
    {
      const auto age = static_cast<int64_t>(ids.size() - i);
      Age(ids[i], age * HOUR, age * HOUR);
    }
    MakeStore().Read(ids[1], AnswerRange::All());
    QueryRetention retention(Configure(3, 0), GetDatabase());
    EXPECT_EQ(3, retention.Prune());
    EXPECT_EQ(0, retention.Prune());
    EXPECT_EQ(Sort({ids[1], ids[4], ids[5]}), MakeStore().GetIds());
    EXPECT_EQ(9, Count("SELECT COUNT(*) FROM SharedQueryAnswers"));
  }

  TEST_P(SharedQueriesStore, TheOldGoEvenIfUsed)
  {
    const auto ids = Insert(25);
    for (size_t i = 0; i < 22; i++)
    {
      Age(ids[i], 25 * HOUR, 0);
    }
    EXPECT_EQ(22, QueryRetention(Configure(0, 24), GetDatabase()).Prune());
    EXPECT_EQ(Sort({ids[22], ids[23], ids[24]}), MakeStore().GetIds());
    EXPECT_EQ(0, QueryRetention(Configure(0, 0), GetDatabase()).Prune());
  }

  TEST_P(SharedQueriesStore, ManyMayPruneAtOnce)
  {
    const auto other = database_->Connect();
    for (int round = 0; round < 5; round++)
    {
      Insert(60);
      const int64_t before = Count("SELECT COUNT(*) FROM SharedQueries");
      QueryRetention a(Configure(20, 24), GetDatabase());
      QueryRetention b(Configure(20, 24), *other);
      auto removed = std::async(std::launch::async,
                                [&b]
                                {
                                  return b.Prune();
                                });
      const int64_t removedHere = a.Prune();
      EXPECT_EQ(before - 20, removedHere + removed.get());
      EXPECT_EQ(20, Count("SELECT COUNT(*) FROM SharedQueries"));
      EXPECT_EQ(20, Count("SELECT COUNT(*) FROM SharedQueryAnswers"));
    }
  }

  TEST_P(SharedQueriesStore, PrunesByItself)
  {
    Insert(12);
    QueryRetention retention(Configure(5, 0), GetDatabase());
    retention.Start();
    EXPECT_TRUE(WaitUntil(
        [this]
        {
          return Count("SELECT COUNT(*) FROM SharedQueries") == 5;
        }));
    retention.Stop();
  }

  CONFORMANCE_SUITE(SharedQueriesStore);
}
