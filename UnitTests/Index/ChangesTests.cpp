// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr int NEW_INSTANCE = 2;
    constexpr int NEW_PATIENT = 3;

    std::vector<int64_t> GetNumbers(const Changes::Page& page)
    {
      std::vector<int64_t> numbers;
      for (const Change& change : page.changes)
      {
        numbers.push_back(change.seq);
      }
      return numbers;
    }
  }

  class ChangesTest : public IndexTest
  {
  protected:
    // Numbers 1 to 6; the odd ones are NEW_INSTANCE, the even ones NEW_PATIENT.
    void LogSix()
    {
      IndexTransaction t = Write();
      created_ = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
      for (int i = 0; i < 3; i++)
      {
        Changes::Log(t, NEW_INSTANCE, ResourceLevel::Instance, created_.instanceId, "20260101T000000");
        Changes::Log(t, NEW_PATIENT, ResourceLevel::Patient, created_.patientId, "");
      }
      t.transaction.Commit();
    }

    CreatedInstance created_;
  };
  CONFORMANCE_SUITE(ChangesTest);

  TEST_P(ChangesTest, NothingYet)
  {
    IndexTransaction t = Read();
    const auto page = Changes::Get(t, 0, -1, {}, 100);
    EXPECT_TRUE(page.changes.empty());
    EXPECT_TRUE(page.done);
    EXPECT_FALSE(Changes::GetLast(t).has_value());
    EXPECT_EQ(0, Changes::GetLastIndex(t));
  }

  TEST_P(ChangesTest, AllFieldsAreReadBack)
  {
    LogSix();
    IndexTransaction t = Read();
    const auto page = Changes::Get(t, 0, -1, {}, 1);
    ASSERT_EQ(1u, page.changes.size());
    EXPECT_EQ(1, page.changes[0].seq);
    EXPECT_EQ(NEW_INSTANCE, page.changes[0].changeType);
    EXPECT_EQ(ResourceLevel::Instance, page.changes[0].level);
    EXPECT_EQ("i1", page.changes[0].publicId);
    EXPECT_EQ("20260101T000000", page.changes[0].date);
    EXPECT_FALSE(page.done);
    EXPECT_EQ(6, Changes::GetLast(t).value().seq);
    EXPECT_EQ("p1", Changes::GetLast(t).value().publicId);
    EXPECT_EQ(6, Changes::GetLastIndex(t));
  }

  TEST_P(ChangesTest, Pages)
  {
    LogSix();
    IndexTransaction t = Read();
    EXPECT_THAT(GetNumbers(Changes::Get(t, 0, -1, {}, 4)), ElementsAre(1, 2, 3, 4));
    EXPECT_FALSE(Changes::Get(t, 0, -1, {}, 5).done);
    EXPECT_TRUE(Changes::Get(t, 0, -1, {}, 6).done);
    EXPECT_THAT(GetNumbers(Changes::Get(t, 4, -1, {}, 4)), ElementsAre(5, 6));
    EXPECT_TRUE(Changes::Get(t, 4, -1, {}, 4).done);
    EXPECT_THAT(GetNumbers(Changes::Get(t, 0, -1, {}, 0)), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_TRUE(Changes::Get(t, 6, -1, {}, 4).changes.empty());
  }

  TEST_P(ChangesTest, UpperEndIsInclusive)
  {
    LogSix();
    IndexTransaction t = Read();
    EXPECT_THAT(GetNumbers(Changes::Get(t, 1, 4, {}, 100)), ElementsAre(2, 3, 4));
    const auto page = Changes::Get(t, 1, 4, {}, 2);
    EXPECT_THAT(GetNumbers(page), ElementsAre(2, 3));
    EXPECT_FALSE(page.done);
    EXPECT_THAT(GetNumbers(Changes::Get(t, 1, 400, {}, 100)), ElementsAre(2, 3, 4, 5, 6));
  }

  TEST_P(ChangesTest, WithoutLowerEndTheLastOnesAreMeant)
  {
    LogSix();
    IndexTransaction t = Read();
    const auto page = Changes::Get(t, 0, 5, {}, 2);
    EXPECT_THAT(GetNumbers(page), ElementsAre(4, 5));
    EXPECT_FALSE(page.done);
    EXPECT_TRUE(Changes::Get(t, 0, 5, {}, 5).done);
    EXPECT_THAT(GetNumbers(Changes::Get(t, 0, 5, {NEW_PATIENT}, 1)), ElementsAre(4));
  }

  TEST_P(ChangesTest, Types)
  {
    LogSix();
    IndexTransaction t = Read();
    EXPECT_THAT(GetNumbers(Changes::Get(t, 0, -1, {NEW_PATIENT}, 2)), ElementsAre(2, 4));
    EXPECT_THAT(GetNumbers(Changes::Get(t, 2, -1, {NEW_PATIENT, 16}, 100)), ElementsAre(4, 6));
    EXPECT_TRUE(Changes::Get(t, 0, -1, {16}, 100).changes.empty());
    EXPECT_EQ(6u, Changes::Get(t, 0, -1, {NEW_INSTANCE, NEW_PATIENT}, 100).changes.size());
  }

  TEST_P(ChangesTest, TheLastIndexSurvivesTheChanges)
  {
    LogSix();
    {
      IndexTransaction t = Write();
      Resources::DeleteResource(t, created_.patientId);
      t.transaction.Commit();
    }
    IndexTransaction t = Write();
    EXPECT_TRUE(Changes::Get(t, 0, -1, {}, 100).changes.empty());
    EXPECT_FALSE(Changes::GetLast(t).has_value());
    EXPECT_EQ(6, Changes::GetLastIndex(t));

    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Changes::Log(t, NEW_INSTANCE, ResourceLevel::Instance, created.instanceId, "");
    EXPECT_EQ(7, Changes::GetLast(t).value().seq);
    Changes::Clear(t);
    EXPECT_FALSE(Changes::GetLast(t).has_value());
    EXPECT_EQ(7, Changes::GetLastIndex(t));
  }

  TEST_P(ChangesTest, OwnChangesAreSeenBeforeTheCommit)
  {
    LogSix();
    IndexTransaction t = Write();
    Changes::Log(t, NEW_INSTANCE, ResourceLevel::Instance, created_.instanceId, "");
    EXPECT_THAT(GetNumbers(Changes::Get(t, 5, -1, {}, 100)), ElementsAre(6, 7));
    EXPECT_EQ(7, Changes::GetLastIndex(t));
  }
}
