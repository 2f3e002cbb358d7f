// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SubmitStore.h"

#include "UnitTests/Jobs/FlowFixture.h"

#include <gmock/gmock.h>

#include <future>
#include <set>

namespace OrthancRegistry::Testing
{
  class Submission : public FlowTest
  {
  protected:
    static NewJob MakeKeyed(const std::string& key, const std::string& uri = "/x")
    {
      NewJob job = MakeJob(uri);
      job.requestKey = key;
      return job;
    }

    static int GetRefusal(Stores& stores, const NewJob& job, std::string& message)
    {
      try
      {
        stores.jobs.Submit(job);
      }
      catch (const SubmissionRefused& error)
      {
        message = error.what();
        return error.GetHttpStatus();
      }
      return 200;
    }
  };

  TEST_P(Submission, KeyAnswersTheFirstJob)
  {
    Stores a = MakeStores();
    EXPECT_FALSE(a.jobs.FindByKey("key", "/x"));
    const std::string id = a.jobs.Submit(MakeKeyed("key"));
    EXPECT_EQ(id, a.jobs.Submit(MakeKeyed("key")));
    EXPECT_EQ(id, a.jobs.FindByKey("key", "/x"));
    EXPECT_NE(id, a.jobs.Submit(MakeKeyed("Key")));
    EXPECT_NE(id, a.jobs.Submit(MakeKeyed("key", "/y")));
    EXPECT_NE(id, a.jobs.Submit(MakeJob("/x")));
    EXPECT_EQ(4u, a.reader.GetIds().size());

    // Even if the job has been removed meanwhile
    Execute("DELETE FROM SharedJobs WHERE id = $1", id);
    EXPECT_EQ(id, a.jobs.Submit(MakeKeyed("key")));
    EXPECT_EQ(3u, a.reader.GetIds().size());
  }

  TEST_P(Submission, KeyOfYesterdayIsFree)
  {
    Stores a = MakeStores();
    const std::string first = a.jobs.Submit(MakeKeyed("key"));
    Execute("UPDATE SharedJobKeys SET createdAt = createdAt - 86399000000");
    EXPECT_EQ(first, a.jobs.Submit(MakeKeyed("key")));
    Execute("UPDATE SharedJobKeys SET createdAt = createdAt - 2000000");
    EXPECT_FALSE(a.jobs.FindByKey("key", "/x"));
    const std::string second = a.jobs.Submit(MakeKeyed("key"));
    EXPECT_NE(first, second);
    EXPECT_EQ(second, a.jobs.Submit(MakeKeyed("key")));

    // Old ones go away little by little
    Execute("UPDATE SharedJobKeys SET createdAt = 1");
    a.jobs.Submit(MakeKeyed("another"));
    EXPECT_EQ(1, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobKeys"));
  }

  TEST_P(Submission, MalformedKeys)
  {
    Stores a = MakeStores();
    for (const std::string& key : {std::string(), std::string(256, 'x'), std::string("a\nb"),
                                   std::string("\xc3\xa9"), std::string("\x7f")})
    {
      EXPECT_THROW(a.jobs.Submit(MakeKeyed(key)), RegistryError);
      EXPECT_FALSE(a.jobs.FindByKey(key, "/x"));
    }
    EXPECT_NO_THROW(a.jobs.Submit(MakeKeyed(std::string(255, '~'))));
    EXPECT_NO_THROW(a.jobs.Submit(MakeKeyed(" a b ")));
  }

  TEST_P(Submission, ConcurrentCallsWithOneKeyMakeOneJob)
  {
    Stores a = MakeStores("a");
    Stores b = MakeStores("b");
    constexpr int ROUNDS = 20;
    for (int round = 0; round < ROUNDS; round++)
    {
      std::vector<std::future<std::string>> calls;
      for (Stores* stores : {&a, &b, &a, &b})
      {
        calls.push_back(std::async(std::launch::async,
                                   [stores, round]
                                   {
                                     return stores->jobs.Submit(MakeKeyed("key" + std::to_string(round)));
                                   }));
      }
      std::set<std::string> ids;
      for (auto& call : calls)
      {
        ids.insert(call.get());
      }
      EXPECT_EQ(1u, ids.size());
    }
    EXPECT_EQ(static_cast<size_t>(ROUNDS), a.reader.GetIds().size());
  }

  TEST_P(Submission, BodyBeyondTheLimit)
  {
    configuration_.maximumBodySize = 100;
    Stores a = MakeStores();
    NewJob job = MakeJob("/x");
    job.request.body = std::string(100, ' ');
    std::string message;
    EXPECT_EQ(200, GetRefusal(a, job, message));
    job.request.body += ' ';
    EXPECT_EQ(413, GetRefusal(a, job, message));
    EXPECT_THAT(message,
                testing::HasSubstr("100 bytes at most (option \"MaximumBodySizeMB\"), this one has 101"));
    EXPECT_EQ(1u, a.reader.GetIds().size());
  }

  TEST_P(Submission, WaitingJobsBeyondTheLimit)
  {
    configuration_.maximumWaitingJobs = 40;
    Stores a = MakeStores("a");
    Stores b = MakeStores("b");
    NewJob later = MakeJob("/later");
    later.schedule.delayMicroseconds = 3600000000;
    std::string message;
    for (int i = 0; i < 40; i++)
    {
      ASSERT_EQ(200, GetRefusal(i % 2 == 0 ? a : b, i % 3 == 0 ? later : MakeJob("/x"), message)) << i;
    }
    EXPECT_EQ(503, GetRefusal(a, MakeKeyed("key"), message));
    EXPECT_EQ(503, GetRefusal(b, later, message));
    EXPECT_THAT(message, testing::HasSubstr("40 jobs"));
    EXPECT_THAT(message, testing::HasSubstr("MaximumWaitingJobs"));
    EXPECT_EQ(40u, a.reader.GetIds().size());
    EXPECT_FALSE(a.jobs.FindByKey("key", "/x")); // a refused call leaves nothing behind

    // Running jobs do not wait
    a.claims.Claim(1);
    const std::string id = a.jobs.Submit(MakeKeyed("key"));
    EXPECT_EQ(503, GetRefusal(b, MakeJob("/x"), message));
    EXPECT_EQ(id, b.jobs.Submit(MakeKeyed("key")));
  }

  TEST_P(Submission, WaitingJobsUnderConcurrency)
  {
    constexpr int MAXIMUM = 200;
    configuration_.maximumWaitingJobs = MAXIMUM;
    Stores a = MakeStores("a");
    Stores b = MakeStores("b");
    std::vector<std::future<int>> threads;
    for (Stores* stores : {&a, &b, &a, &b})
    {
      threads.push_back(std::async(std::launch::async,
                                   [stores]
                                   {
                                     int accepted = 0;
                                     std::string message;
                                     while (GetRefusal(*stores, MakeJob("/x"), message) == 200)
                                     {
                                       accepted++;
                                     }
                                     return accepted;
                                   }));
    }
    int total = 0;
    for (auto& thread : threads)
    {
      total += thread.get();
    }
    EXPECT_GE(total, MAXIMUM);
    EXPECT_LE(total, MAXIMUM + 2 * MAXIMUM / 16 +
                         4); // what each replica may hold, and what each thread has under way
  }

  TEST_P(Submission, LongBodiesAreCompressed)
  {
    configuration_.compressionThreshold = 1000;
    Stores a = MakeStores();
    NewJob job = MakeJob("/x");
    job.request.body = "{\"Data\": \"" + std::string(100000, 'a') + "\"}";
    a.jobs.Submit(job);
    EXPECT_LT(QueryValue<int64_t>("SELECT length(body) FROM SharedJobDetails"), 2000);
    EXPECT_EQ(1, QueryValue<int>("SELECT isBodyPacked FROM SharedJobDetails"));
    EXPECT_EQ(job.request.body, a.claims.Claim(1).jobs.at(0).request.body);
  }

  TEST_P(Submission, LongContents)
  {
    configuration_.compressionThreshold = 1000;
    configuration_.maximumContentSize = 50000;
    Stores a = MakeStores();
    const std::string id = a.jobs.Submit(MakeJob("/x"));
    const ClaimedJob job = a.claims.Claim(1).jobs.at(0);
    CoreJob core;
    core.id = "run";
    core.state = JobState::Running;
    core.content["Description"] = "Text";
    core.content["Data"] = std::string(40000, 'a');
    ASSERT_TRUE(a.Write(job, core));
    EXPECT_EQ(core.content, a.reader.Get(id)->content);
    EXPECT_EQ(core.content, a.reader.Get(a.reader.GetIds().at(0))->content);
    EXPECT_LT(QueryValue<int64_t>("SELECT length(packedContent) + length(content) FROM SharedJobDetails"),
              2000);

    core.content["Data"] = std::string(60000, 'a');
    core.errorPayload["Content"] = core.content["Data"];
    ASSERT_TRUE(a.Write(job, core));
    const Json::Value truncated = a.reader.Get(id)->content;
    EXPECT_TRUE(truncated["Truncated"].asBool());
    EXPECT_EQ("Text", truncated["Description"].asString());
    EXPECT_GT(truncated["Size"].asInt(), 60000);
    EXPECT_THAT(truncated["Message"].asString(), testing::HasSubstr("MaximumContentSizeMB"));
    EXPECT_EQ(4u, truncated.size());
    EXPECT_TRUE(a.reader.Get(id)->errorPayload["Truncated"].asBool());

    core.content = Json::objectValue;
    core.content["Short"] = true;
    ASSERT_TRUE(a.Write(job, core));
    EXPECT_EQ(core.content, a.reader.Get(id)->content);

    // Local jobs as well
    CoreUpdates updates;
    core.id = GenerateUuid();
    core.content["Data"] = std::string(20000, 'b');
    updates.localJobs.push_back(core);
    a.runs.Write(updates);
    EXPECT_EQ(core.content, a.reader.Get(core.id)->content);
    updates.localJobs[0].content["Data"] = std::string(60000, 'b');
    a.runs.Write(updates);
    EXPECT_TRUE(a.reader.Get(core.id)->content["Truncated"].asBool());
  }

  CONFORMANCE_SUITE(Submission);
}
