// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobOutputsHandler.h"

#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  // An archive that replica a has made, asked for at replica b
  class JobOutputs : public ClusterTest
  {
  protected:
    void SetUp() override
    {
      ClusterTest::SetUp();
      a_ = &AddReplica("a");
      b_ = &AddReplica("b");
      options_.describeErrors = false;
      handler_ = std::make_unique<JobOutputsHandler>(options_, b_->Get());
    }

    void TearDown() override
    {
      handler_.reset();
      ClusterTest::TearDown();
    }

    std::string MakeArchive(const std::string& content)
    {
      const std::string id = a_->GetCore().StartJob("Archive");
      a_->GetCore().SetOutput(id, content);
      a_->GetCore().Change(id,
                           [](CoreJob& job)
                           {
                             job.state = JobState::Success;
                           });
      EXPECT_TRUE(b_->WaitForState(id, JobState::Success));
      return id;
    }

    HttpAnswer Get(const std::string& id, const std::string& range = "", const std::string& key = "archive")
    {
      HttpCall call;
      call.path = "/jobs/" + id + "/" + key;
      if (!range.empty())
      {
        call.headers["range"] = range;
      }
      return handler_->Get(call, id, key);
    }

    static std::string ReadStream(const HttpAnswer& answer)
    {
      std::string content;
      answer.stream(
          [&content](std::string_view chunk)
          {
            EXPECT_LE(chunk.size(), OutputStore::CHUNK_SIZE);
            content += chunk;
          });
      return content;
    }

    template <typename Action>
    static std::string GetRefusal(Action action)
    {
      try
      {
        action();
      }
      catch (const RegistryError& error)
      {
        EXPECT_EQ(ErrorCode::InexistentItem, error.GetCode());
        return error.what();
      }
      return "";
    }

    static std::string MakeContent(size_t size)
    {
      std::string content(size, '\0');
      for (size_t i = 0; i < size; i++)
      {
        content[i] = static_cast<char>(i % 251);
      }
      return content;
    }

    JobsOptions options_;
    TestReplica* a_ = nullptr;
    TestReplica* b_ = nullptr;
    std::unique_ptr<JobOutputsHandler> handler_;
  };

  TEST_P(JobOutputs, StreamedInChunks)
  {
    const std::string content = MakeContent(3 * OutputStore::CHUNK_SIZE + 5);
    const std::string id = MakeArchive(content);
    const HttpAnswer answer = Get(id);
    EXPECT_EQ(200, answer.status);
    EXPECT_EQ(content.size(), answer.streamSize);
    EXPECT_EQ("application/zip", answer.headers.at("Content-Type"));
    EXPECT_EQ("filename=\"Name.zip\"", answer.headers.at("Content-Disposition"));
    EXPECT_EQ("bytes", answer.headers.at("Accept-Ranges"));
    EXPECT_EQ(content, ReadStream(answer));
  }

  TEST_P(JobOutputs, Ranges)
  {
    constexpr size_t CHUNK = OutputStore::CHUNK_SIZE;
    const std::string content = MakeContent(18 * CHUNK);
    const std::string id = MakeArchive(content);
    const std::pair<size_t, size_t> parts[] = {{0, 0},
                                               {0, CHUNK - 1},
                                               {CHUNK - 1, CHUNK},
                                               {CHUNK, 2 * CHUNK - 1},
                                               {5, 4 * CHUNK + 7},
                                               {0, 16 * CHUNK - 1},
                                               {18 * CHUNK - 1, 18 * CHUNK - 1}};
    for (const auto& [first, last] : parts)
    {
      const HttpAnswer answer = Get(id, "bytes=" + std::to_string(first) + "-" + std::to_string(last));
      EXPECT_EQ(206, answer.status);
      EXPECT_EQ("bytes " + std::to_string(first) + "-" + std::to_string(last) + "/18874368",
                answer.headers.at("Content-Range"));
      EXPECT_EQ(content.substr(first, last - first + 1), answer.body) << first << "-" << last;
      EXPECT_FALSE(answer.stream);
    }

    // Too long for the memory, or several: the whole
    for (const char* range : {"bytes=0-16777216", "bytes=1-", "bytes=0-1,3-4", "nonsense"})
    {
      const HttpAnswer answer = Get(id, range);
      EXPECT_EQ(200, answer.status) << range;
      EXPECT_EQ(content.size(), answer.streamSize) << range;
    }
    const HttpAnswer refusal = Get(id, "bytes=18874368-");
    EXPECT_EQ(416, refusal.status);
    EXPECT_EQ("bytes */18874368", refusal.headers.at("Content-Range"));
  }

  TEST_P(JobOutputs, ConditionalRangesGiveTheWhole)
  {
    const std::string id = MakeArchive("content");
    HttpCall call;
    call.headers = {{"range", "bytes=0-1"}, {"if-range", "\"etag\""}};
    EXPECT_EQ("content", ReadStream(handler_->Get(call, id, "archive")));
  }

  TEST_P(JobOutputs, EvictedWhileItIsSent)
  {
    const std::string id = MakeArchive(MakeContent(3 * OutputStore::CHUNK_SIZE));
    const HttpAnswer answer = Get(id);
    size_t chunks = 0;
    const std::string refusal = GetRefusal(
        [&]
        {
          answer.stream(
              [&](std::string_view)
              {
                chunks++;
                a_->Get().DeleteOutput(*a_->Get().Get(id), "archive");
              });
        });
    EXPECT_NE("", refusal);
    EXPECT_EQ(1u, chunks);
  }

  TEST_P(JobOutputs, DeletedOnce)
  {
    const std::string id = MakeArchive("content");
    const auto remove = [&]
    {
      EXPECT_EQ(200, handler_->Delete(id, "archive").status);
    };
    EXPECT_NE("", GetRefusal(
                      [&]
                      {
                        handler_->Delete(id, "other");
                      }));
    EXPECT_EQ("", GetRefusal(remove));
    EXPECT_NE("", GetRefusal(remove));
    const std::string reason = GetRefusal(
        [&]
        {
          Get(id);
        });
    EXPECT_NE(std::string::npos, reason.find("Deleted")) << reason;
    EXPECT_EQ(JobState::Success, b_->Get().Get(id)->state);
  }

  TEST_P(JobOutputs, NothingBeforeSuccessOrUnderAnotherKey)
  {
    const std::string running = a_->GetCore().StartJob("Archive");
    ASSERT_TRUE(b_->WaitForState(running, JobState::Pending));
    const std::string ended = MakeArchive("content");
    const auto refusal = [&](const std::string& id, const std::string& key)
    {
      return GetRefusal(
          [&]
          {
            Get(id, "", key);
          });
    };
    EXPECT_NE("", refusal(running, "archive"));
    EXPECT_NE("", refusal(ended, "other"));
    EXPECT_NE("", refusal(ended, std::string("\xff\x00", 2)));
    EXPECT_NE("", refusal("nonsense", "archive"));
  }

  CONFORMANCE_SUITE(JobOutputs);
}
