// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/Find.h"
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Recycling.h"
#include "UnitTests/Index/IndexTest.h"

#include <algorithm>
#include <future>

namespace OrthancRegistry::Testing
{
  namespace
  {
    int64_t CreatePatient(IndexTransaction& t, const std::string& name)
    {
      return Resources::CreateInstance(t, "p" + name, "st" + name, "se" + name, "i" + name).patientId;
    }
  }

  class RecyclingTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(RecyclingTest);

  TEST_P(RecyclingTest, TheOldestFirst)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(Recycling::SelectPatient(t, std::nullopt).has_value());
    const int64_t a = CreatePatient(t, "a");
    const int64_t b = CreatePatient(t, "b");
    const int64_t c = CreatePatient(t, "c");
    EXPECT_EQ(a, Recycling::SelectPatient(t, std::nullopt));
    EXPECT_EQ(b, Recycling::SelectPatient(t, a));
    EXPECT_EQ(a, Recycling::SelectPatient(t, b));

    Resources::CreateInstance(t, "pa", "sta", "sea", "another"); // a goes to the end
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));
    Resources::CreateInstance(t, "pb", "stb", "seb", "ib"); // not a new instance
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));

    Resources::DeleteResource(t, b);
    EXPECT_EQ(c, Recycling::SelectPatient(t, std::nullopt));
    Resources::DeleteResource(t, c);
    EXPECT_EQ(a, Recycling::SelectPatient(t, std::nullopt));
    EXPECT_FALSE(Recycling::SelectPatient(t, a).has_value());
    t.transaction.Commit();

    IndexTransaction reader = Read();
    EXPECT_EQ(a, Recycling::SelectPatient(reader, std::nullopt));
  }

  // A study that comes instance by instance costs no write per instance.
  TEST_P(RecyclingTest, TheLastOneIsNotWrittenAgain)
  {
    IndexTransaction t = Write();
    const auto readPlace = [&](int64_t patient)
    {
      return t.transaction.QueryValue<std::string>("SELECT value FROM Metadata WHERE id = $1 AND type = 19",
                                                   patient);
    };
    const int64_t a = CreatePatient(t, "a");
    const int64_t b = CreatePatient(t, "b");
    const std::string placeOfA = readPlace(a);
    const std::string placeOfB = readPlace(b);
    Resources::CreateInstance(t, "pb", "stb", "seb", "another");
    EXPECT_EQ(readPlace(b), placeOfB);
    Resources::CreateInstance(t, "pa", "sta", "sea", "another of a");
    EXPECT_NE(readPlace(a), placeOfA);
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));
  }

  TEST_P(RecyclingTest, Protection)
  {
    IndexTransaction t = Write();
    const int64_t a = CreatePatient(t, "a");
    const int64_t b = CreatePatient(t, "b");
    EXPECT_FALSE(Recycling::IsProtected(t, a));
    Recycling::SetProtected(t, a, true);
    Recycling::SetProtected(t, a, true);
    EXPECT_TRUE(Recycling::IsProtected(t, a));
    EXPECT_FALSE(Recycling::IsProtected(t, b));
    EXPECT_EQ("true", Metadata::Lookup(t, a, METADATA_IS_PROTECTED).value().value);
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));
    EXPECT_FALSE(Recycling::SelectPatient(t, b).has_value());

    // Not protected any more, it goes to the end; who was not protected stays where he is.
    Recycling::SetProtected(t, a, false);
    Recycling::SetProtected(t, b, false);
    EXPECT_FALSE(Recycling::IsProtected(t, a));
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));
    Resources::DeleteResource(t, b);
    EXPECT_EQ(a, Recycling::SelectPatient(t, std::nullopt));
  }

  TEST_P(RecyclingTest, AValueThatIsNoNumberFailsNothing)
  {
    IndexTransaction t = Write();
    const int64_t a = CreatePatient(t, "a");
    const int64_t b = CreatePatient(t, "b");
    for (const char* value : {"garbage", "", "-", "99999999999999999999999999"})
    {
      Metadata::Set(t, b, METADATA_RECYCLING_ORDER, value, 0);
      EXPECT_TRUE(Recycling::SelectPatient(t, std::nullopt).has_value()) << value;
      EXPECT_EQ(a, Recycling::SelectPatient(t, b)) << value;
    }
    CreatePatient(t, "c");
  }

  TEST_P(RecyclingTest, OrdersBeyond32BitsAreNumbers)
  {
    IndexTransaction t = Write();
    const int64_t a = CreatePatient(t, "a");
    const int64_t b = CreatePatient(t, "b");
    Metadata::Set(t, a, METADATA_RECYCLING_ORDER, "10000000000", 0);
    Metadata::Set(t, b, METADATA_RECYCLING_ORDER, "9000000000", 0);
    EXPECT_EQ(b, Recycling::SelectPatient(t, std::nullopt));
  }

  TEST_P(RecyclingTest, TheOrderIsShownWhereTheStockDatabaseShowsIt)
  {
    IndexTransaction t = Write();
    const int64_t patient = CreatePatient(t, "a");
    const auto isOrder = [](const MetadataValue& metadata)
    {
      return metadata.type == METADATA_RECYCLING_ORDER;
    };
    const bool isShown = GetParam() == Engine::PostgreSQL;
    EXPECT_EQ(isShown, std::ranges::any_of(Metadata::GetAll(t, patient), isOrder));
    EXPECT_EQ(isShown, Metadata::Lookup(t, patient, METADATA_RECYCLING_ORDER).has_value());
    FindRequest request;
    request.filter.level = ResourceLevel::Patient;
    request.metadata = true;
    const auto found = FindResources(t, request);
    ASSERT_EQ(1u, found.size());
    EXPECT_EQ(isShown, std::ranges::any_of(found[0].contents[0].metadata, isOrder));
  }

  class RecyclingIsolationTest : public PostgreSQLIndexTest
  {
  };

  TEST_F(RecyclingIsolationTest, TwoRecyclersDoNotTakeTheSamePatient)
  {
    int64_t a = 0;
    int64_t b = 0;
    {
      IndexTransaction t = Write();
      a = CreatePatient(t, "a");
      b = CreatePatient(t, "b");
      t.transaction.Commit();
    }
    IndexTransaction first = Write();
    EXPECT_EQ(a, Recycling::SelectPatient(first, std::nullopt));
    Resources::DeleteResource(first, a);

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto selected = std::async(std::launch::async,
                               [&]
                               {
                                 return Recycling::SelectPatient(second, std::nullopt);
                               });
    WaitUntilBlocked(pid);
    first.transaction.Commit();
    EXPECT_EQ(b, selected.get());
  }

  TEST_F(RecyclingIsolationTest, APatientThatHasComeMeanwhileIsFound)
  {
    int64_t a = 0;
    {
      IndexTransaction t = Write();
      a = CreatePatient(t, "a");
      t.transaction.Commit();
    }
    IndexTransaction first = Write();
    const int64_t b = CreatePatient(first, "b");
    Resources::DeleteResource(first, a);

    IndexTransaction second = Write();
    const int64_t pid = GetSessionId(second);
    auto selected = std::async(std::launch::async,
                               [&]
                               {
                                 return Recycling::SelectPatient(second, std::nullopt);
                               });
    WaitUntilBlocked(pid);
    first.transaction.Commit();
    EXPECT_EQ(b, selected.get());
  }
}
