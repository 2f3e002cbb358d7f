// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  class AttachmentsTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(AttachmentsTest);

  TEST_P(AttachmentsTest, AddReadAndDelete)
  {
    IndexTransaction t = Write();
    const int64_t id = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
    const Attachment dicom = MakeAttachment("u1", 1, 5'000'000'000, 6'000'000'000);
    Attachment other = MakeAttachment("u2", 1024, 7, 8);
    other.compressedHash.clear();
    other.uncompressedHash.clear();
    Attachments::Add(t, id, dicom, 42);
    Attachments::Add(t, id, other, 43);

    EXPECT_THAT(Attachments::List(t, id), ElementsAre(1, 1024));
    const auto found = Attachments::Lookup(t, id, 1);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(dicom, found->attachment);
    EXPECT_EQ(42, found->revision);
    EXPECT_EQ(other, Attachments::Lookup(t, id, 1024).value().attachment);
    EXPECT_FALSE(Attachments::Lookup(t, id, 3).has_value());
    EXPECT_EQ(5'000'000'007, StatisticsQueries::GetTotalCompressedSize(t));
    EXPECT_EQ(6'000'000'008, StatisticsQueries::GetTotalUncompressedSize(t));

    EXPECT_EQ(dicom, Attachments::Delete(t, id, 1));
    EXPECT_FALSE(Attachments::Delete(t, id, 1).has_value());
    EXPECT_THAT(Attachments::List(t, id), ElementsAre(1024));
    EXPECT_EQ(7, StatisticsQueries::GetTotalCompressedSize(t));

    Attachments::Add(t, id, dicom, 44);
    t.transaction.Commit();
    IndexTransaction reader = Read();
    EXPECT_EQ(44, Attachments::Lookup(reader, id, 1).value().revision);
    EXPECT_FALSE(Attachments::Lookup(reader, id, 3).has_value());
  }

  TEST_P(AttachmentsTest, ASecondOneOfTheSameTypeIsRefused)
  {
    IndexTransaction t = Write();
    const int64_t id = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
    Attachments::Add(t, id, MakeAttachment("u1", 1, 1, 1), 0);
    EXPECT_THROW(
        {
          Attachments::Add(t, id, MakeAttachment("u2", 1, 1, 1), 0);
          t.transaction.Flush();
        },
        ConstraintError);
  }

  TEST_P(AttachmentsTest, CustomDataComesBackByteByByte)
  {
    IndexTransaction t = Write();
    const int64_t id = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
    Attachment attachment = MakeAttachment("u1", 1, 1, 1);
    attachment.customData = std::string("a\0b\xff\n", 5);
    Attachments::Add(t, id, attachment, 0);
    Attachments::Add(t, id, MakeAttachment("u2", 2, 1, 1), 0);

    EXPECT_EQ(attachment, Attachments::Lookup(t, id, 1).value().attachment);
    EXPECT_EQ(attachment.customData, Attachments::GetCustomData(t, "u1"));
    EXPECT_EQ("", Attachments::GetCustomData(t, "u2"));

    Attachments::SetCustomData(t, "u2", std::string("\0", 1));
    Attachments::SetCustomData(t, "u1", "");
    EXPECT_EQ(std::string("\0", 1), Attachments::GetCustomData(t, "u2"));
    EXPECT_EQ("", Attachments::GetCustomData(t, "u1"));
  }

  TEST_P(AttachmentsTest, CustomDataOfAnUnknownAttachment)
  {
    IndexTransaction t = Write();
    for (const bool write : {false, true})
    {
      try
      {
        if (write)
        {
          Attachments::SetCustomData(t, "nope", "data");
        }
        else
        {
          Attachments::GetCustomData(t, "nope");
        }
        ADD_FAILURE() << "Should be unknown";
      }
      catch (const RegistryError& e)
      {
        EXPECT_EQ(ErrorCode::UnknownResource, e.GetCode());
      }
    }
  }
}
