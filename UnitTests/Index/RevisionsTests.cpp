// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Metadata.h"
#include "UnitTests/Index/IndexTest.h"

#include <future>

// The core reads a revision, compares it with what the client knows, and writes: two replicas at the same
// time must not both find the old one.
namespace OrthancRegistry::Testing
{
  class RevisionsTest : public PostgreSQLIndexTest
  {
  protected:
    void SetUp() override
    {
      PostgreSQLIndexTest::SetUp();
      IndexTransaction t = Write();
      id_ = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
      Metadata::Set(t, id_, 1024, "value", 5);
      Attachments::Add(t, id_, MakeAttachment("u5", 1024, 1, 1), 5);
      t.transaction.Commit();
    }

    int64_t id_ = 0;
  };

  TEST_F(RevisionsTest, TheSecondWriterOfMetadataWaitsAndSeesTheNewRevision)
  {
    IndexTransaction first = Write();
    EXPECT_EQ(5, Metadata::Lookup(first, id_, 1024).value().revision);

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto found = std::async(std::launch::async,
                            [&]
                            {
                              return Metadata::Lookup(second, id_, 1024);
                            });
    WaitUntilBlocked(pid);
    Metadata::Set(first, id_, 1024, "new", 6);
    first.transaction.Commit();
    EXPECT_EQ((MetadataValue{1024, "new", 6}), found.get());
  }

  TEST_F(RevisionsTest, TheSecondCreatorOfMetadataFindsIt)
  {
    IndexTransaction first = Write();
    EXPECT_FALSE(Metadata::Lookup(first, id_, 1025).has_value());

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto found = std::async(std::launch::async,
                            [&]
                            {
                              return Metadata::Lookup(second, id_, 1025);
                            });
    WaitUntilBlocked(pid);
    Metadata::Set(first, id_, 1025, "new", 0);
    first.transaction.Commit();
    EXPECT_EQ((MetadataValue{1025, "new", 0}), found.get());
  }

  TEST_F(RevisionsTest, TheSecondWriterOfAnAttachmentWaitsAndSeesTheNewRevision)
  {
    IndexTransaction first = Write();
    EXPECT_EQ(5, Attachments::Lookup(first, id_, 1024).value().revision);

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto found = std::async(std::launch::async,
                            [&]
                            {
                              return Attachments::Lookup(second, id_, 1024);
                            });
    WaitUntilBlocked(pid);
    Attachments::Delete(first, id_, 1024);
    Attachments::Add(first, id_, MakeAttachment("u6", 1024, 1, 1), 6);
    first.transaction.Commit();

    const auto attachment = found.get();
    ASSERT_TRUE(attachment.has_value());
    EXPECT_EQ(6, attachment->revision);
    EXPECT_EQ("u6", attachment->attachment.uuid);
  }

  TEST_F(RevisionsTest, ReadersDoNotWait)
  {
    IndexTransaction first = Write();
    Metadata::Lookup(first, id_, 1024);
    Attachments::Lookup(first, id_, 1024);
    IndexTransaction reader = Read();
    EXPECT_EQ(5, Metadata::Lookup(reader, id_, 1024).value().revision);
    EXPECT_EQ(5, Attachments::Lookup(reader, id_, 1024).value().revision);
  }
}
