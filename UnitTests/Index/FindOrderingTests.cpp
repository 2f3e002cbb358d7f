// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include <limits>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using Ids = std::vector<std::string>;

    class FindOrderingTests : public FindTest
    {
    protected:
      Ids FindPatients(const std::vector<Ordering>& ordering)
      {
        FindRequest request;
        request.ordering = ordering;
        return FindIds(request);
      }

      Ids FindPage(uint64_t since, uint64_t count)
      {
        FindRequest request;
        request.limits = FindLimits{since, count};
        return FindIds(request);
      }
    };

    TEST_P(FindOrderingTests, ByPublicIdUnlessToldOtherwise)
    {
      AddPatient("b", std::nullopt);
      AddPatient("B", std::nullopt);
      AddPatient("a", std::nullopt);
      AddPatient("a-", std::nullopt);
      AddPatient("_", std::nullopt);
      Store();
      EXPECT_EQ(FindPatients({}), Ids({"B", "_", "a", "a-", "b"}));
    }

    TEST_P(FindOrderingTests, MissingKeysAreLastInBothDirections)
    {
      AddPatient("p1", std::nullopt);
      AddPatient("p2", "b");
      AddPatient("p3", "a");
      AddPatient("p4", std::nullopt);
      AddPatient("p5", "B");
      model_.Get("p4").metadata[7] = "2";
      model_.Get("p1").metadata[7] = "1";
      Store();

      const Ordering up = OrderByTag(ResourceLevel::Patient, PATIENT_NAME);
      const Ordering down = OrderByTag(ResourceLevel::Patient, PATIENT_NAME, true);
      EXPECT_EQ(FindPatients({up}), Ids({"p5", "p3", "p2", "p1", "p4"}));
      EXPECT_EQ(FindPatients({down}), Ids({"p2", "p3", "p5", "p1", "p4"}));
      EXPECT_EQ(FindPatients({down, OrderByMetadata(7, true)}), Ids({"p2", "p3", "p5", "p4", "p1"}));
      EXPECT_EQ(FindPatients({OrderByMetadata(7, true), up}), Ids({"p4", "p1", "p5", "p3", "p2"}));
      EXPECT_EQ(FindPatients({OrderByMetadata(8)}), Ids({"p1", "p2", "p3", "p4", "p5"}));
    }

    TEST_P(FindOrderingTests, SeveralKeys)
    {
      AddPatient("p1", "x");
      model_.Get("p1").metadata[7] = "1";
      AddPatient("p2", "x");
      model_.Get("p2").metadata[7] = "2";
      AddPatient("p3", "y");
      model_.Get("p3").metadata[7] = "1";
      Store();

      const Ordering name = OrderByTag(ResourceLevel::Patient, PATIENT_NAME);
      EXPECT_EQ(FindPatients({name, OrderByMetadata(7, true)}), Ids({"p2", "p1", "p3"}));
      EXPECT_EQ(FindPatients({OrderByMetadata(7), OrderByTag(ResourceLevel::Patient, PATIENT_NAME, true)}),
                Ids({"p3", "p1", "p2"}));
    }

    TEST_P(FindOrderingTests, NumbersAndGarbage)
    {
      const std::vector<std::string> values = {"10",
                                               "9",
                                               " -2 ",
                                               "+3",
                                               "abc",
                                               "",
                                               "1.5",
                                               "99999999999999999999",
                                               "1e2",
                                               "0x10",
                                               "1\\2",
                                               ".5",
                                               "inf",
                                               "7.",
                                               std::string(400, '9'),
                                               "1e400",
                                               "NaN"};
      for (size_t i = 0; i < values.size(); i++)
      {
        AddPatient(std::string(1, static_cast<char>('a' + i)), values[i]);
      }
      Store();

      using Cast = Ordering::Cast;
      EXPECT_EQ(FindPatients({OrderByTag(ResourceLevel::Patient, PATIENT_NAME, false, Cast::Integer)}),
                Ids({"c", "d", "b", "a", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"}));
      EXPECT_EQ(FindPatients({OrderByTag(ResourceLevel::Patient, PATIENT_NAME, true, Cast::Integer)}),
                Ids({"a", "b", "d", "c", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"}));
      EXPECT_EQ(FindPatients({OrderByTag(ResourceLevel::Patient, PATIENT_NAME, false, Cast::Real)}),
                Ids({"c", "l", "g", "d", "n", "b", "a", "i", "h", "e", "f", "j", "k", "m", "o", "p", "q"}));
    }

    TEST_P(FindOrderingTests, ByAncestorsAndIdentifiers)
    {
      const int64_t patient1 = model_.Add(ResourceLevel::Patient, "p1").id;
      const int64_t patient2 = model_.Add(ResourceLevel::Patient, "p2").id;
      model_.Get("p1").identifiers[PATIENT_ID] = "Z";
      model_.Get("p2").identifiers[PATIENT_ID] = "A";
      const int64_t study1 = model_.Add(ResourceLevel::Study, "st1", patient1).id;
      const int64_t study2 = model_.Add(ResourceLevel::Study, "st2", patient2).id;
      model_.Add(ResourceLevel::Series, "se1", study1);
      model_.Add(ResourceLevel::Series, "se2", study1);
      model_.Add(ResourceLevel::Series, "se3", study2);
      Store();

      FindRequest request;
      request.filter.level = ResourceLevel::Series;
      request.ordering = {OrderByTag(ResourceLevel::Patient, PATIENT_ID)};
      EXPECT_EQ(FindIds(request), Ids({"se1", "se2", "se3"})); // no main tag at all
      request.ordering[0].isIdentifier = true;
      EXPECT_EQ(FindIds(request), Ids({"se3", "se1", "se2"}));
      request.ordering[0].tagLevel = ResourceLevel::Instance;
      EXPECT_THROW(FindIds(request), RegistryError);
    }

    TEST_P(FindOrderingTests, Limits)
    {
      for (const char* const id : {"a", "b", "c", "d", "e"})
      {
        AddPatient(id, "same");
      }
      Store();
      EXPECT_EQ(FindPage(0, 0), Ids({"a", "b", "c", "d", "e"}));
      EXPECT_EQ(FindPage(0, 2), Ids({"a", "b"}));
      EXPECT_EQ(FindPage(2, 2), Ids({"c", "d"}));
      EXPECT_EQ(FindPage(4, 2), Ids({"e"}));
      EXPECT_EQ(FindPage(5, 2), Ids());
      EXPECT_EQ(FindPage(3, 0), Ids({"d", "e"}));
      EXPECT_EQ(FindPage(1, std::numeric_limits<uint64_t>::max()), Ids({"b", "c", "d", "e"}));
    }

    TEST_P(FindOrderingTests, PagesAreStableWhereKeysAreEqual)
    {
      for (int i = 0; i < 40; i++)
      {
        AddPatient("p" + std::to_string(1000 + (i * 7) % 40), i % 3 == 0 ? "x" : "y");
      }
      Store();

      FindRequest request;
      request.ordering = {OrderByTag(ResourceLevel::Patient, PATIENT_NAME, true)};
      const Ids all = FindIds(request);
      Ids pages;
      for (uint64_t since = 0; since < 40; since += 7)
      {
        request.limits = FindLimits{since, 7};
        const Ids page = FindIds(request);
        pages.insert(pages.end(), page.begin(), page.end());
      }
      EXPECT_EQ(all.size(), 40u);
      EXPECT_EQ(pages, all);
    }

    CONFORMANCE_SUITE(FindOrderingTests);
  }
}
