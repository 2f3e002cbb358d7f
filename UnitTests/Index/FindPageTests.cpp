// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    class FindPageTests : public FindTest
    {
    protected:
      // Four patients with three studies each; a third of the resources has no identifier, and values repeat.
      void AddResources()
      {
        int counter = 0;
        for (int i = 0; i < 4; i++)
        {
          const int64_t patient = AddResource(ResourceLevel::Patient, 0, counter);
          for (int j = 0; j < 3; j++)
          {
            const int64_t study = AddResource(ResourceLevel::Study, patient, counter);
            AddResource(ResourceLevel::Instance, AddResource(ResourceLevel::Series, study, counter), counter);
          }
        }
        Store();
      }

      int64_t AddResource(ResourceLevel level, int64_t parent, int& counter)
      {
        const int number = counter++;
        const std::string publicId = "r" + std::to_string(number * 37 % 101);
        const int64_t id = model_.Add(level, publicId, parent).id;
        Node& node = model_.Get(publicId);
        node.tags[PATIENT_NAME] = "name of " + publicId;
        node.metadata[7] = "metadata of " + publicId;
        if (number % 3 != 0)
        {
          node.identifiers[PATIENT_ID] =
              number % 5 == 0 ? "é" : std::string(1, static_cast<char>('A' + number % 4));
        }
        return id;
      }

      void ExpectPagesLikeTheModel(FindRequest request)
      {
        request.limits.reset();
        const size_t total = model_.Find(request).size();
        for (uint64_t since = 0; since <= total + 1; since++)
        {
          for (const uint64_t count : {uint64_t{0}, uint64_t{1}, uint64_t{4}, uint64_t{total}})
          {
            request.limits = FindLimits{since, count};
            EXPECT_EQ(FindIds(request), model_.Find(request)) << since << "+" << count;
          }
        }
      }
    };

    TEST_P(FindPageTests, AllResourcesOfALevel)
    {
      AddResources();
      for (const auto level : {ResourceLevel::Patient, ResourceLevel::Study, ResourceLevel::Instance})
      {
        FindRequest request;
        request.filter.level = level;
        ExpectPagesLikeTheModel(request);
      }
    }

    TEST_P(FindPageTests, ByAnIdentifierThatSomeLack)
    {
      AddResources();
      for (const auto level : {ResourceLevel::Patient, ResourceLevel::Study, ResourceLevel::Series})
      {
        for (const bool descending : {false, true})
        {
          FindRequest request;
          request.filter.level = level;
          request.ordering = {OrderByTag(level, PATIENT_ID, descending)};
          request.ordering[0].isIdentifier = true;
          ExpectPagesLikeTheModel(request);
          request.ordering[0].tag = {1, 1}; // nobody has it
          ExpectPagesLikeTheModel(request);
        }
      }
    }

    TEST_P(FindPageTests, AFilterAndFurtherKeys)
    {
      AddResources();
      FindRequest request;
      request.filter = MakeFilter(ResourceLevel::Study);
      request.filter.tags = {
          MakeConstraint(ResourceLevel::Patient, PATIENT_ID, ConstraintType::GreaterOrEqual, {"B"})};
      request.filter.tags[0].isIdentifier = true;
      request.ordering = {OrderByTag(ResourceLevel::Study, PATIENT_ID, true)};
      request.ordering[0].isIdentifier = true;
      ExpectPagesLikeTheModel(request);
      request.filter.tags.clear();
      request.ordering.push_back(OrderByTag(ResourceLevel::Study, PATIENT_NAME, true));
      ExpectPagesLikeTheModel(request);
    }

    // Those of a page are looked up, without limits they are joined.
    TEST_P(FindPageTests, AncestorsAreThoseWithoutLimits)
    {
      AddResources();
      for (const auto level : {ResourceLevel::Study, ResourceLevel::Series, ResourceLevel::Instance})
      {
        FindRequest request;
        request.filter.level = level;
        request.parentIdentifier = true;
        request.parents = {{{true, true}, {true, true}, {true, true}}};
        const std::vector<FoundItem> all = Find(request);
        request.limits = FindLimits{2, 5};
        const std::vector<FoundItem> page = Find(request);
        ASSERT_EQ(page.size(), 5u);
        for (size_t i = 0; i < page.size(); i++)
        {
          const FoundItem& expected = all[i + 2];
          EXPECT_EQ(page[i].publicId, expected.publicId);
          EXPECT_EQ(page[i].parentPublicId, expected.parentPublicId);
          EXPECT_FALSE(page[i].parentPublicId.empty());
          for (size_t above = 0; above < static_cast<size_t>(level); above++)
          {
            ASSERT_EQ(page[i].contents[above].mainDicomTags.size(), 1u);
            EXPECT_EQ(page[i].contents[above].mainDicomTags[0].value,
                      expected.contents[above].mainDicomTags[0].value);
            ASSERT_EQ(page[i].contents[above].metadata.size(), 1u);
          }
        }
      }
    }

    CONFORMANCE_SUITE(FindPageTests);
  }
}
