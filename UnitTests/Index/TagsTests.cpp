// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  class TagsTest : public IndexTest
  {
  protected:
    static std::vector<std::string> GetIdentifiers(IndexTransaction& t, int64_t id)
    {
      std::vector<std::string> values;
      for (auto& [value] : t.transaction.Query<std::string>(
               "SELECT value FROM DicomIdentifiers WHERE id = $1 ORDER BY tagGroup, tagElement", id))
      {
        values.push_back(value);
      }
      return values;
    }
  };
  CONFORMANCE_SUITE(TagsTest);

  TEST_P(TagsTest, MainTagsIdentifiersAndMetadataAreStoredTogether)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Tags::SetResourcesContent(t,
                              {{created.patientId, false, {0x10, 0x20, "id"}},
                               {created.patientId, false, {0x10, 0x10, "Müller^Jörg 김희중"}},
                               {created.patientId, true, {0x10, 0x20, "ID"}},
                               {created.studyId, false, {0x20, 0xd, ""}}},
                              {{created.instanceId, 1, "12"}, {created.seriesId, 7, ""}});

    EXPECT_THAT(Tags::GetMainDicomTags(t, created.patientId),
                ElementsAre(TagValue{0x10, 0x10, "Müller^Jörg 김희중"}, TagValue{0x10, 0x20, "id"}));
    EXPECT_THAT(Tags::GetMainDicomTags(t, created.studyId), ElementsAre(TagValue{0x20, 0xd, ""}));
    EXPECT_TRUE(Tags::GetMainDicomTags(t, created.seriesId).empty());
    EXPECT_THAT(GetIdentifiers(t, created.patientId), ElementsAre("ID"));
    EXPECT_THAT(Metadata::GetAll(t, created.instanceId), ElementsAre(MetadataValue{1, "12", 0}));
    EXPECT_THAT(Metadata::GetAll(t, created.seriesId), ElementsAre(MetadataValue{7, "", 0}));
  }

  TEST_P(TagsTest, DuplicateTagsAreIgnoredAndMetadataReplaced)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Metadata::Set(t, created.seriesId, 7, "old", 5);
    Tags::SetResourcesContent(
        t, {{created.seriesId, false, {8, 0x60, "MR"}}, {created.seriesId, false, {8, 0x60, "CT"}}},
        {{created.seriesId, 7, "first"}, {created.seriesId, 7, "last"}});
    Tags::SetResourcesContent(t, {{created.seriesId, false, {8, 0x60, "US"}}}, {});

    EXPECT_THAT(Tags::GetMainDicomTags(t, created.seriesId), ElementsAre(TagValue{8, 0x60, "MR"}));
    EXPECT_THAT(Metadata::GetAll(t, created.seriesId), ElementsAre(MetadataValue{7, "last", 0}));
  }

  TEST_P(TagsTest, ClearingRemovesMainTagsAndIdentifiersOfOneResource)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Tags::SetResourcesContent(t,
                              {{created.studyId, false, {8, 0x50, "a"}},
                               {created.studyId, true, {8, 0x50, "A"}},
                               {created.patientId, true, {0x10, 0x20, "ID"}}},
                              {});
    Tags::ClearMainDicomTags(t, created.studyId);
    EXPECT_TRUE(Tags::GetMainDicomTags(t, created.studyId).empty());
    EXPECT_TRUE(GetIdentifiers(t, created.studyId).empty());
    EXPECT_THAT(GetIdentifiers(t, created.patientId), ElementsAre("ID"));
  }

  TEST_P(TagsTest, NothingAtAll)
  {
    IndexTransaction t = Write();
    Tags::SetResourcesContent(t, {}, {});
    t.transaction.Commit();
  }
}
