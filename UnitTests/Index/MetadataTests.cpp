// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Metadata.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  class MetadataTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(MetadataTest);

  TEST_P(MetadataTest, SetReadAndReplaceWithRevisions)
  {
    IndexTransaction t = Write();
    const int64_t id = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
    Metadata::Set(t, id, 1024, "one", 42);
    Metadata::Set(t, id, 1025, "두 二", 43);
    EXPECT_EQ((MetadataValue{1024, "one", 42}), Metadata::Lookup(t, id, 1024));

    Metadata::Set(t, id, 1024, "", 44);
    EXPECT_EQ((MetadataValue{1024, "", 44}), Metadata::Lookup(t, id, 1024));
    EXPECT_FALSE(Metadata::Lookup(t, id, 1026).has_value());
    EXPECT_THAT(Metadata::GetAll(t, id),
                ElementsAre(MetadataValue{1024, "", 44}, MetadataValue{1025, "두 二", 43}));
    t.transaction.Commit();

    IndexTransaction reader = Read();
    EXPECT_EQ((MetadataValue{1025, "두 二", 43}), Metadata::Lookup(reader, id, 1025));
    EXPECT_FALSE(Metadata::Lookup(reader, id, 1026).has_value());
  }

  TEST_P(MetadataTest, DeletingWhatIsNotThereIsNoError)
  {
    IndexTransaction t = Write();
    const int64_t id = Resources::CreateInstance(t, "p1", "st1", "se1", "i1").instanceId;
    Metadata::Set(t, id, 1024, "one", 0);
    Metadata::Delete(t, id, 1024);
    Metadata::Delete(t, id, 1024);
    Metadata::Delete(t, 4242, 1024);
    EXPECT_TRUE(Metadata::GetAll(t, id).empty());
  }

  TEST_P(MetadataTest, OfChildren)
  {
    IndexTransaction t = Write();
    const auto a = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    const auto b = Resources::CreateInstance(t, "p1", "st1", "se1", "i2");
    Resources::CreateInstance(t, "p1", "st1", "se1", "i3");
    Metadata::Set(t, a.instanceId, 1, "7", 0);
    Metadata::Set(t, b.instanceId, 1, "7", 0);
    Metadata::Set(t, a.seriesId, 1, "not a child", 0);
    EXPECT_THAT(Metadata::GetOfChildren(t, a.seriesId, 1), ElementsAre("7", "7"));
    EXPECT_TRUE(Metadata::GetOfChildren(t, a.seriesId, 2).empty());
  }
}
