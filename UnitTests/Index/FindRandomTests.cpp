// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include <random>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr unsigned int REQUESTS = 400;
    constexpr unsigned int SEED = 20240917;

    const std::vector<std::string> VALUES = {"",    "a", "A",    "abc", "ABC", "aBc", "1",  "10", "9",
                                             "-3",  "%", "a_c",  "\\",  "é",   "É",   "жЖ", "山", "[a]",
                                             "a*c", "'", "ΟΔΟΣ", " 7 ", "1.5", "Öl",  "öl", "ab", "+4"};
    const std::vector<std::string> WILDCARDS = {"*",  "a*",  "*C",  "?",  "a?c", "*b*", "É", "??", "%*",
                                                "[*", "*\\", "*_*", "ж?", "ö*",  "*ς",  "",  "*]"};
    const std::vector<Tag> TAGS = {PATIENT_ID, PATIENT_NAME, MODALITY};
    const std::vector<std::string> LABELS = {"x", "y", "z"};

    // Requests and data at random, from the same few values, so that many requests find something
    class FindRandomTests : public FindTest
    {
    protected:
      size_t Draw(size_t bound)
      {
        return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
      }

      bool Toss()
      {
        return Draw(2) == 0;
      }

      template <typename T>
      const T& Choose(const std::vector<T>& values)
      {
        return values[Draw(values.size())];
      }

      void AddNode(ResourceLevel level, int64_t parent)
      {
        const int64_t id =
            model_.Add(level, "r" + std::to_string(Draw(1000000)) + "-" + std::to_string(counter_++), parent)
                .id;
        Node& node = model_.Get(model_.GetNodes().back().publicId);
        for (const Tag& tag : TAGS)
        {
          if (Toss())
          {
            node.tags[tag] = Choose(VALUES);
          }
          if (Toss())
          {
            node.identifiers[tag] = Choose(VALUES);
          }
        }
        for (const int type : {7, 1024})
        {
          if (Toss())
          {
            node.metadata[type] = Choose(VALUES);
          }
        }
        for (const std::string& label : LABELS)
        {
          if (Draw(3) == 0)
          {
            node.labels.insert(label);
          }
        }
        for (size_t children = 1 + Draw(3); level < ResourceLevel::Instance && children > 0; children--)
        {
          AddNode(static_cast<ResourceLevel>(static_cast<int>(level) + 1), id);
        }
      }

      template <typename Constraint>
      void Fill(Constraint& constraint)
      {
        constraint.isCaseSensitive = Toss();
        constraint.isMandatory = Draw(3) != 0;
        constraint.type = static_cast<ConstraintType>(Draw(5));
        const bool isWildcard = constraint.type == ConstraintType::Wildcard;
        const size_t count = constraint.type == ConstraintType::List ? 1 + Draw(4) : 1;
        for (size_t i = 0; i < count; i++)
        {
          constraint.values.push_back(Choose(isWildcard ? WILDCARDS : VALUES));
        }
      }

      FindFilter MakeRandomFilter()
      {
        FindFilter filter = MakeFilter(static_cast<ResourceLevel>(Draw(4)));
        for (size_t count = Draw(4); count > 0; count--)
        {
          TagConstraint constraint;
          constraint.level = static_cast<ResourceLevel>(Draw(4));
          const Tag& tag = Choose(TAGS);
          constraint.tag = {tag.first, tag.second};
          constraint.isIdentifier = Toss();
          Fill(constraint);
          filter.tags.push_back(constraint);
        }
        if (Draw(3) == 0)
        {
          MetadataConstraint constraint;
          constraint.metadata = Toss() ? 7 : 1024;
          Fill(constraint);
          filter.metadata.push_back(constraint);
        }
        if (Draw(3) == 0)
        {
          filter.labelsConstraint = static_cast<LabelsConstraint>(Draw(3));
          for (size_t count = Draw(3); count > 0; count--)
          {
            filter.labels.push_back(Choose(LABELS));
          }
        }
        const Node& node = Choose(model_.GetNodes());
        if (Draw(5) == 0 && node.level <= filter.level)
        {
          filter.orthancIds[static_cast<size_t>(node.level)] = node.publicId;
        }
        return filter;
      }

      FindRequest MakeRandomRequest()
      {
        FindRequest request;
        request.filter = MakeRandomFilter();
        for (size_t count = Draw(4); count > 0; count--)
        {
          const auto cast = static_cast<Ordering::Cast>(Draw(3));
          const auto level = static_cast<ResourceLevel>(Draw(static_cast<size_t>(request.filter.level) + 1));
          request.ordering.push_back(Draw(4) == 0 ? OrderByMetadata(7, Toss(), cast)
                                                  : OrderByTag(level, Choose(TAGS), Toss(), cast));
          request.ordering.back().isIdentifier = Toss();
        }
        if (Toss())
        {
          request.limits = FindLimits{Draw(10), Draw(20)};
        }
        return request;
      }

      std::mt19937 random_{SEED};
      int counter_ = 0;
    };

    TEST_P(FindRandomTests, LikeBruteForce)
    {
      for (int i = 0; i < 12; i++)
      {
        AddNode(ResourceLevel::Patient, 0);
      }
      Store();

      size_t found = 0;
      IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
      for (unsigned int i = 0; i < REQUESTS && !HasFailure(); i++)
      {
        FindRequest request = MakeRandomRequest();
        std::vector<std::string> ids;
        for (const FoundItem& item : FindResources(t, request))
        {
          ids.push_back(item.publicId);
        }
        EXPECT_EQ(ids, model_.Find(request)) << "Request " << i;

        request.limits.reset();
        EXPECT_EQ(CountResources(t, request.filter), model_.Find(request).size()) << "Request " << i;
        found += ids.size();
      }
      EXPECT_GT(found, REQUESTS); // else the requests are too narrow to test anything
    }

    CONFORMANCE_SUITE(FindRandomTests);
  }
}
