// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Exports.h"
#include "UnitTests/Index/IndexTest.h"

#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    ExportedResource MakeExport(const std::string& publicId)
    {
      ExportedResource resource;
      resource.level = ResourceLevel::Series;
      resource.publicId = publicId;
      resource.modality = "modality";
      resource.date = "date";
      resource.patientId = "patient";
      resource.studyInstanceUid = "1.2";
      resource.seriesInstanceUid = "1.3";
      resource.sopInstanceUid = "1.4";
      return resource;
    }
  }

  class ExportsTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(ExportsTest);

  TEST_P(ExportsTest, AllFieldsAreReadBack)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(Exports::GetLast(t).has_value());
    Exports::Log(t, MakeExport("id"));

    const auto last = Exports::GetLast(t);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(1, last->seq);
    EXPECT_EQ(ResourceLevel::Series, last->level);
    EXPECT_EQ("id", last->publicId);
    EXPECT_EQ("modality", last->modality);
    EXPECT_EQ("date", last->date);
    EXPECT_EQ("patient", last->patientId);
    EXPECT_EQ("1.2", last->studyInstanceUid);
    EXPECT_EQ("1.3", last->seriesInstanceUid);
    EXPECT_EQ("1.4", last->sopInstanceUid);
  }

  TEST_P(ExportsTest, PagesAndClearing)
  {
    IndexTransaction t = Write();
    for (const char* id : {"a", "b", "c"})
    {
      Exports::Log(t, MakeExport(id));
    }
    const auto first = Exports::Get(t, 0, 2);
    ASSERT_EQ(2u, first.resources.size());
    EXPECT_EQ("a", first.resources[0].publicId);
    EXPECT_FALSE(first.done);

    const auto second = Exports::Get(t, first.resources.back().seq, 2);
    ASSERT_EQ(1u, second.resources.size());
    EXPECT_EQ("c", second.resources[0].publicId);
    EXPECT_TRUE(second.done);
    EXPECT_EQ(3u, Exports::Get(t, 0, 0).resources.size());

    Exports::Clear(t);
    EXPECT_TRUE(Exports::Get(t, 0, 0).resources.empty());
    EXPECT_FALSE(Exports::GetLast(t).has_value());
  }

  class ExportsIsolationTest : public PostgreSQLIndexTest
  {
  };

  TEST_F(ExportsIsolationTest, NumbersBecomeVisibleInTheirOrder)
  {
    IndexTransaction first = Write();
    Exports::Log(first, MakeExport("first"));
    first.transaction.Flush();

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    std::jthread thread(
        [&]
        {
          Exports::Log(second, MakeExport("second"));
          second.transaction.Commit();
        });
    WaitUntilBlocked(pid);
    first.transaction.Commit();
    thread.join();

    IndexTransaction t = Read();
    const auto page = Exports::Get(t, 0, 10);
    ASSERT_EQ(2u, page.resources.size());
    EXPECT_EQ("first", page.resources[0].publicId);
    EXPECT_EQ("second", page.resources[1].publicId);
  }
}
