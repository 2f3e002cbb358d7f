// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/OutputStore.h"

#include "Framework/Jobs/OutputRetention.h"
#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr const char* KEY = "archive";
    constexpr size_t STEP = OutputStore::CHUNK_SIZE * OutputStore::CHUNKS_PER_TRANSACTION;
  }

  class Outputs : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      bus_ = database_->CreateBus();
    }

    OutputStore MakeStore(const std::string& incarnation = "here")
    {
      return OutputStore(configuration_, {incarnation, "a", "", ""}, GetDatabase(), *bus_);
    }

    // A queued job that "here" has claimed with fence 1
    OutputOwner MakeJob(const std::string& id)
    {
      Change("INSERT INTO SharedJobs(id, type, state, origin, priority, createdAt, changedAt, owner, replica,"
             " attempts, fence) VALUES ($1, 'Archive', 1, 0, 0, SharedNow(), SharedNow(), 'here', 'a', 1, 1)",
             id);
      Change("INSERT INTO SharedJobDetails(id) VALUES ($1)", id);
      return {id, 1};
    }

    template <typename... Arguments>
    void Change(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }

    static std::string MakeContent(size_t size)
    {
      std::string content(size, '\0');
      uint32_t state = 12345;
      for (char& c : content)
      {
        state = state * 1664525 + 1013904223;
        c = static_cast<char>(state >> 24);
      }
      return content;
    }

    static bool Write(OutputStore& store, const OutputOwner& owner, const std::string& content)
    {
      if (!store.Begin(owner, KEY, {"Name.zip", "application/zip", content.size()}))
      {
        return false;
      }
      for (size_t offset = 0; offset < content.size(); offset += STEP)
      {
        if (!store.Append(owner, KEY, offset / OutputStore::CHUNK_SIZE,
                          std::string_view(content).substr(offset, STEP)))
        {
          return false;
        }
      }
      return store.Complete(owner, KEY);
    }

    static std::string Read(OutputStore& store, const std::string& jobId, int64_t fence)
    {
      std::string content;
      for (uint64_t number = 0;; number++)
      {
        const auto chunk = store.ReadChunk(jobId, KEY, fence, number);
        if (!chunk)
        {
          return content;
        }
        EXPECT_LE(chunk->size(), OutputStore::CHUNK_SIZE);
        content += *chunk;
      }
    }

    std::string GetReason(const std::string& jobId)
    {
      return MakeStore().Get(jobId, KEY)->evictionReason;
    }

    int64_t CountChunks()
    {
      return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobOutputChunks");
    }

    std::unique_ptr<IMessageBus> bus_;
  };

  TEST_P(Outputs, WrittenAndRead)
  {
    OutputStore store = MakeStore();
    for (const size_t size : {size_t{0}, size_t{1}, OutputStore::CHUNK_SIZE, STEP + 1, 2 * STEP})
    {
      const OutputOwner owner = MakeJob("job " + std::to_string(size));
      const std::string content = MakeContent(size);
      EXPECT_FALSE(store.Get(owner.jobId, KEY));
      EXPECT_FALSE(store.IsSettled(owner, KEY));
      ASSERT_TRUE(Write(store, owner, content));
      EXPECT_TRUE(store.IsSettled(owner, KEY));
      const JobOutput output = store.Get(owner.jobId, KEY).value();
      EXPECT_TRUE(output.IsAvailable());
      EXPECT_EQ("Name.zip", output.description.fileName);
      EXPECT_EQ("application/zip", output.description.contentType);
      EXPECT_EQ(size, output.description.size);
      EXPECT_EQ(content, Read(store, owner.jobId, output.fence));
      EXPECT_FALSE(store.Get(owner.jobId, "other"));
    }
  }

  TEST_P(Outputs, IncompleteOnesCannotBeRead)
  {
    OutputStore store = MakeStore();
    const OutputOwner owner = MakeJob("job");
    ASSERT_TRUE(store.Begin(owner, KEY, {"", "", 3}));
    ASSERT_TRUE(store.Append(owner, KEY, 0, "abc"));
    EXPECT_FALSE(store.Get("job", KEY)->IsAvailable());
    EXPECT_FALSE(store.ReadChunk("job", KEY, 1, 0));
    EXPECT_FALSE(store.Evict("job", KEY, ""));
  }

  TEST_P(Outputs, LateOwnerChangesNothing)
  {
    OutputStore store = MakeStore();
    const OutputOwner late = MakeJob("job");
    OutputStore stranger = MakeStore("elsewhere");
    EXPECT_FALSE(stranger.Begin(late, KEY, {}));
    EXPECT_FALSE(store.Begin({"job", 2}, KEY, {}));
    EXPECT_FALSE(store.Begin({"unknown", 1}, KEY, {}));

    // Five chunks of the first run, then the job is claimed by another replica
    ASSERT_TRUE(store.Begin(late, KEY, {"Old.zip", "", 5 * OutputStore::CHUNK_SIZE}));
    ASSERT_TRUE(store.Append(late, KEY, 0, MakeContent(STEP)));
    ASSERT_TRUE(store.Append(late, KEY, 4, "old"));
    Change("UPDATE SharedJobs SET owner = 'elsewhere', fence = 2 WHERE id = 'job'");
    EXPECT_FALSE(store.Complete(late, KEY));
    EXPECT_FALSE(store.Begin(late, KEY, {}));
    EXPECT_FALSE(store.Refuse(late, KEY, {}, "No"));
    EXPECT_EQ(OutputStore::Returned::NotOwned, store.GiveBack(late, KEY));

    ASSERT_TRUE(stranger.Begin({"job", 2}, KEY, {"New.zip", "", 3}));
    EXPECT_FALSE(store.Append(late, KEY, 0, "old"));
    EXPECT_EQ(0, CountChunks());
    ASSERT_TRUE(stranger.Append({"job", 2}, KEY, 0, "new"));
    EXPECT_FALSE(store.Complete(late, KEY));
    ASSERT_TRUE(stranger.Complete({"job", 2}, KEY));
    EXPECT_EQ("New.zip", store.Get("job", KEY)->description.fileName);
    EXPECT_EQ("new", Read(store, "job", 2));
    EXPECT_FALSE(store.ReadChunk("job", KEY, 1, 0));
    EXPECT_FALSE(store.Refuse(late, KEY, {}, "No"));
  }

  TEST_P(Outputs, NotWrittenOnceTheJobHasEnded)
  {
    OutputStore store = MakeStore();
    const OutputOwner owner = MakeJob("job");
    ASSERT_TRUE(store.Begin(owner, KEY, {"", "", 3}));
    Change("UPDATE SharedJobs SET state = 3, completedAt = SharedNow() WHERE id = 'job'");
    EXPECT_FALSE(store.Complete(owner, KEY));
    EXPECT_FALSE(store.Begin(owner, KEY, {}));
  }

  TEST_P(Outputs, RefusedWithAReason)
  {
    OutputStore store = MakeStore();
    const OutputOwner owner = MakeJob("job");
    ASSERT_TRUE(store.Refuse(owner, KEY, {"a.zip", "", 7}, "Too large"));
    EXPECT_TRUE(store.IsSettled(owner, KEY));
    EXPECT_FALSE(store.Get("job", KEY)->IsAvailable());
    EXPECT_EQ("Too large", GetReason("job"));
  }

  TEST_P(Outputs, GivenBackThreeTimes)
  {
    OutputStore store = MakeStore();
    OutputOwner owner = MakeJob("job");
    for (int i = 0; i < 3; i++)
    {
      EXPECT_EQ(OutputStore::Returned::Done, store.GiveBack(owner, KEY));
      EXPECT_EQ(0, QueryValue<int>("SELECT state FROM SharedJobs"));
      EXPECT_EQ(0, QueryValue<int>("SELECT attempts FROM SharedJobs"));
      EXPECT_EQ(OutputStore::Returned::NotOwned, store.GiveBack(owner, KEY));
      Change(
          "UPDATE SharedJobs SET state = 1, owner = 'here', replica = 'a', attempts = 1, fence = fence + 1");
      owner.fence++;
    }
    EXPECT_EQ(OutputStore::Returned::TooOften, store.GiveBack(owner, KEY));
    EXPECT_EQ(1, QueryValue<int>("SELECT state FROM SharedJobs"));
    EXPECT_EQ(1, QueryValue<int>("SELECT attempts FROM SharedJobs"));
  }

  TEST_P(Outputs, NotGivenBackDuringAnAction)
  {
    OutputStore store = MakeStore();
    const OutputOwner owner = MakeJob("job");
    Change("UPDATE SharedJobs SET requestedAction = 0, requestedRevision = 1");
    EXPECT_EQ(OutputStore::Returned::TryLater, store.GiveBack(owner, KEY));
    EXPECT_EQ(1, QueryValue<int>("SELECT state FROM SharedJobs"));
  }

  TEST_P(Outputs, DeletedWithTheJob)
  {
    OutputStore store = MakeStore();
    ASSERT_TRUE(Write(store, MakeJob("job"), "abc"));
    Change("DELETE FROM SharedJobs");
    EXPECT_FALSE(store.Get("job", KEY));
    EXPECT_EQ(0, CountChunks());
  }

  TEST_P(Outputs, OldestAreEvictedByCount)
  {
    configuration_.outputsCount = 2;
    OutputStore store = MakeStore();
    for (const char* id : {"1", "2", "3", "4"})
    {
      ASSERT_TRUE(Write(store, MakeJob(id), MakeContent(20 * OutputStore::CHUNK_SIZE + 1)));
    }
    OutputRetention retention(configuration_, GetDatabase());
    retention.Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountChunks() == 42;
        }));
    for (const char* id : {"1", "2"})
    {
      EXPECT_NE(std::string::npos, GetReason(id).find("OutputsCount")) << GetReason(id);
      EXPECT_FALSE(store.ReadChunk(id, KEY, 1, 0));
      EXPECT_FALSE(store.Evict(id, KEY, "again"));
    }
    EXPECT_TRUE(store.Get("3", KEY)->IsAvailable());
    EXPECT_TRUE(store.Get("4", KEY)->IsAvailable());
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobOutputs WHERE isStored = 1") == 2;
        }));
  }

  TEST_P(Outputs, OldestAreEvictedBySizeAndAge)
  {
    configuration_.outputsCount = 0;
    configuration_.outputsSizeMegabytes = 4;
    configuration_.outputsHours = 1;
    OutputStore store = MakeStore();
    for (const char* id : {"1", "2", "3"})
    {
      ASSERT_TRUE(Write(store, MakeJob(id), MakeContent(2 * OutputStore::CHUNK_SIZE)));
    }
    Change("UPDATE SharedJobOutputs SET completedAt = completedAt - 3600000000 WHERE jobId = '2'");
    Change("UPDATE SharedJobOutputs SET completedAt = completedAt - 3000000000 WHERE jobId = '1'");
    OutputRetention retention(configuration_, GetDatabase());
    retention.Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountChunks() == 4;
        }));
    EXPECT_FALSE(store.Get("2", KEY)->IsAvailable());
    EXPECT_NE("", GetReason("2"));

    // The age alone
    Change("UPDATE SharedJobOutputs SET completedAt = completedAt - 3600000000 WHERE jobId = '1'");
    retention.Wake();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountChunks() == 2;
        }));
    EXPECT_NE(std::string::npos, GetReason("1").find("OutputsHours")) << GetReason("1");
    EXPECT_TRUE(store.Get("3", KEY)->IsAvailable());
  }

  TEST_P(Outputs, NoLimits)
  {
    configuration_.outputsCount = 0;
    configuration_.outputsSizeMegabytes = 0;
    configuration_.outputsHours = 0;
    OutputStore store = MakeStore();
    ASSERT_TRUE(Write(store, MakeJob("1"), "abc"));
    ASSERT_TRUE(Write(store, MakeJob("2"), "def"));
    Change("UPDATE SharedJobOutputs SET completedAt = 1 WHERE jobId = '1'");
    ASSERT_TRUE(store.Evict("2", KEY, "On request"));
    OutputRetention retention(configuration_, GetDatabase());
    retention.Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountChunks() == 1;
        }));
    EXPECT_EQ("abc", Read(store, "1", 1));
    EXPECT_EQ("On request", GetReason("2"));
  }

  TEST_P(Outputs, LikeInTheCoreTheNextOneEvictsAtOnce)
  {
    configuration_.areOutputsAsInCore = true;
    configuration_.mediaArchiveSize = 2;
    configuration_.outputsHours = 1;
    OutputStore store = MakeStore();
    for (const char* id : {"1", "2", "3"})
    {
      ASSERT_TRUE(Write(store, MakeJob(id), "abc"));
    }
    EXPECT_FALSE(store.Get("1", KEY)->IsAvailable());
    EXPECT_NE(std::string::npos, GetReason("1").find("MediaArchiveSize")) << GetReason("1");
    EXPECT_TRUE(store.Get("2", KEY)->IsAvailable());
    EXPECT_TRUE(store.Get("3", KEY)->IsAvailable());

    // The newest is the one that is completed last, whatever the clock says
    Change("UPDATE SharedJobOutputs SET completedAt = completedAt + 3600000000 WHERE jobId <> '1'");
    ASSERT_TRUE(Write(store, MakeJob("4"), "abc"));
    EXPECT_TRUE(store.Get("4", KEY)->IsAvailable());
    EXPECT_EQ(2, QueryValue<int64_t>("SELECT COUNT(*) FROM SharedJobOutputs WHERE evictedAt IS NULL"));
  }

  TEST_P(Outputs, AbandonedOnesAreDeleted)
  {
    OutputStore store = MakeStore();
    for (const char* id : {"failed", "running", "succeeded"})
    {
      const OutputOwner owner = MakeJob(id);
      ASSERT_TRUE(store.Begin(owner, KEY, {"", "", 100}));
      ASSERT_TRUE(store.Append(owner, KEY, 0, "abc"));
    }
    ASSERT_TRUE(Write(store, MakeJob("failed later"), "abc"));
    ASSERT_TRUE(Write(store, MakeJob("fine"), "abc"));
    Change("UPDATE SharedJobs SET state = 3, completedAt = SharedNow() WHERE id LIKE 'failed%'");
    Change("UPDATE SharedJobs SET state = 2, completedAt = SharedNow() WHERE id IN ('succeeded', 'fine')");

    // A local job whose replica may come back, and tell its success then
    ASSERT_TRUE(Write(store, MakeJob("local"), "abc"));
    Change("UPDATE SharedJobs SET state = 3, completedAt = SharedNow(), origin = 1, localId = id"
           " WHERE id = 'local'");
    OutputRetention retention(configuration_, GetDatabase());
    retention.Start();
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          return CountChunks() == 3;
        }));
    EXPECT_EQ("abc", Read(store, "fine", 1));
    EXPECT_EQ("abc", Read(store, "local", 1));
    EXPECT_EQ("", GetReason("running"));
    for (const char* id : {"failed", "failed later", "succeeded"})
    {
      EXPECT_NE("", GetReason(id));
    }

    // Run again, it makes its output anew
    Change("UPDATE SharedJobs SET state = 1, completedAt = NULL, fence = 2 WHERE id = 'failed'");
    ASSERT_TRUE(Write(store, {"failed", 2}, "def"));
    EXPECT_EQ("def", Read(store, "failed", 2));
  }

  CONFORMANCE_SUITE(Outputs);
}
