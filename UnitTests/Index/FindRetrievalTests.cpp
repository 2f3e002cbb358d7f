// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <iostream>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using testing::ElementsAre;
    using testing::IsEmpty;
    using testing::UnorderedElementsAre;
    using Ids = std::vector<std::string>;

    AttachmentWithRevision MakeAttachment(const std::string& uuid, int type, int64_t revision,
                                          const std::string& customData = "")
    {
      return {{uuid, type, 1000, "hash1", 2, 5000000000, "hash2", customData}, revision};
    }

    // One patient, two studies; the first study has two series with two instances and one
    class FindRetrievalTests : public FindTest
    {
    protected:
      void SetUp() override
      {
        FindTest::SetUp();
        const int64_t patient = model_.Add(ResourceLevel::Patient, "patient").id;
        const int64_t study1 = model_.Add(ResourceLevel::Study, "study1", patient).id;
        const int64_t study2 = model_.Add(ResourceLevel::Study, "study2", patient).id;
        const int64_t series1 = model_.Add(ResourceLevel::Series, "series1", study1).id;
        const int64_t series2 = model_.Add(ResourceLevel::Series, "series2", study1).id;
        const int64_t series3 = model_.Add(ResourceLevel::Series, "series3", study2).id;
        model_.Add(ResourceLevel::Instance, "instance3", series1);
        model_.Add(ResourceLevel::Instance, "instance2", series1);
        model_.Add(ResourceLevel::Instance, "instance1", series2);
        model_.Add(ResourceLevel::Instance, "instance4", series3);

        model_.Get("patient").tags = {{PATIENT_ID, "ID"}, {PATIENT_NAME, "山田"}};
        model_.Get("patient").metadata = {{7, "patient"}};
        model_.Get("study1").tags = {{STUDY_DATE, "20240101"}, {PATIENT_ID, "ID"}};
        model_.Get("study1").metadata = {{7, "study"}, {1024, ""}};
        model_.Get("study1").labels = {"b", "a"};
        model_.Get("study1").attachments = {MakeAttachment("u1", 1024, 3, std::string("\0\xff'", 3)),
                                            MakeAttachment("u2", 1025, 0)};
        model_.Get("study2").labels = {"c"};
        model_.Get("series1").tags = {{MODALITY, "CT"}};
        model_.Get("series2").tags = {{MODALITY, "CT"}, {STUDY_DESCRIPTION, "x"}};
        model_.Get("series1").metadata = {{3, "AET"}, {4, "2"}};
        model_.Get("series2").metadata = {{3, "AET"}, {4, "1"}};
        model_.Get("instance1").metadata = {{1, "1"}, {10, "1.2.3"}};
        model_.Get("instance2").metadata = {{1, "2"}, {10, "1.2.3"}};
        model_.Get("instance1").attachments = {MakeAttachment("u3", 1, 0), MakeAttachment("u4", 3, 7)};
        model_.Get("instance2").attachments = {MakeAttachment("u5", 1, 0)};
        Store();
      }

      static FindRequest Ask(ResourceLevel level, const std::string& publicId)
      {
        FindRequest request;
        request.filter.level = level;
        request.filter.orthancIds[static_cast<size_t>(level)] = publicId;
        return request;
      }

      static FindRequest AskEverything(ResourceLevel level)
      {
        FindRequest request;
        request.filter.level = level;
        request.mainDicomTags = true;
        request.metadata = true;
        request.labels = true;
        request.attachments = true;
        request.parentIdentifier = true;
        request.oneInstance = true;
        for (ParentRetrieval& parent : request.parents)
        {
          parent = {true, true};
        }
        for (ChildrenRetrieval& children : request.children)
        {
          children = {true, true, {1, 3, 4, 10}, {{MODALITY.first, MODALITY.second}}};
        }
        return request;
      }

      FoundItem FindOne(const FindRequest& request)
      {
        std::vector<FoundItem> found = Find(request);
        EXPECT_EQ(found.size(), 1u);
        return found.at(0);
      }
    };

    TEST_P(FindRetrievalTests, IdentifiersOnly)
    {
      const FoundItem item = FindOne(Ask(ResourceLevel::Study, "study1"));
      EXPECT_EQ(item.id, model_.Get("study1").id);
      EXPECT_EQ(item.publicId, "study1");
      EXPECT_EQ(item.parentPublicId, "");
      EXPECT_THAT(item.labels, IsEmpty());
      EXPECT_THAT(item.contents[1].mainDicomTags, IsEmpty());
      EXPECT_THAT(item.contents[1].metadata, IsEmpty());
    }

    TEST_P(FindRetrievalTests, OwnContents)
    {
      FindRequest request = Ask(ResourceLevel::Study, "study1");
      request.mainDicomTags = true;
      request.metadata = true;
      request.labels = true;
      request.parentIdentifier = true;
      const FoundItem item = FindOne(request);
      EXPECT_THAT(item.contents[1].mainDicomTags,
                  UnorderedElementsAre(TagValue{0x0008, 0x0020, "20240101"}, TagValue{0x0010, 0x0020, "ID"}));
      EXPECT_THAT(item.contents[1].metadata,
                  UnorderedElementsAre(MetadataValue{7, "study", 8}, MetadataValue{1024, "", 1025}));
      EXPECT_THAT(item.labels, ElementsAre("a", "b"));
      EXPECT_EQ(item.parentPublicId, "patient");
      EXPECT_THAT(item.contents[0].mainDicomTags, IsEmpty());
      EXPECT_THAT(item.attachments, IsEmpty());
    }

    TEST_P(FindRetrievalTests, PatientsHaveNoParent)
    {
      FindRequest request = Ask(ResourceLevel::Patient, "patient");
      request.parentIdentifier = true;
      EXPECT_EQ(FindOne(request).parentPublicId, "");
    }

    TEST_P(FindRetrievalTests, Attachments)
    {
      FindRequest request = Ask(ResourceLevel::Study, "study1");
      request.attachments = true;
      FoundItem item = FindOne(request);
      ASSERT_EQ(item.attachments.size(), 2u);
      std::sort(item.attachments.begin(), item.attachments.end(),
                [](const AttachmentWithRevision& a, const AttachmentWithRevision& b)
                {
                  return a.attachment.uuid < b.attachment.uuid;
                });
      for (size_t i = 0; i < 2; i++)
      {
        EXPECT_EQ(item.attachments[i].attachment, model_.Get("study1").attachments[i].attachment);
        EXPECT_EQ(item.attachments[i].revision, model_.Get("study1").attachments[i].revision);
      }
    }

    TEST_P(FindRetrievalTests, NullRevisionsAndCustomData)
    {
      {
        Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
        transaction.Execute("UPDATE AttachedFiles SET revision = NULL, customData = NULL, "
                            "compressedHash = NULL, uncompressedHash = NULL");
        transaction.Execute("UPDATE Metadata SET revision = NULL");
        transaction.Commit();
      }
      const FoundItem item = FindOne(
          []
          {
            FindRequest request = Ask(ResourceLevel::Study, "study1");
            request.attachments = true;
            request.metadata = true;
            request.oneInstance = true;
            return request;
          }());
      ASSERT_EQ(item.attachments.size(), 2u);
      EXPECT_EQ(item.attachments[0].revision, 0);
      EXPECT_EQ(item.attachments[0].attachment.customData, "");
      EXPECT_EQ(item.attachments[0].attachment.compressedHash, "");
      EXPECT_EQ(item.contents[1].metadata.at(0).revision, 0);
      EXPECT_EQ(item.oneInstanceMetadata.size(), 2u);
    }

    TEST_P(FindRetrievalTests, Parents)
    {
      FindRequest request = Ask(ResourceLevel::Instance, "instance4");
      request.parents[0] = {true, true};
      request.parents[1].metadata = true;
      request.parentIdentifier = true;
      FoundItem item = FindOne(request);
      EXPECT_THAT(item.contents[0].mainDicomTags,
                  UnorderedElementsAre(TagValue{0x0010, 0x0020, "ID"}, TagValue{0x0010, 0x0010, "山田"}));
      EXPECT_THAT(item.contents[0].metadata, ElementsAre(MetadataValue{7, "patient", 8}));
      EXPECT_THAT(item.contents[1].metadata, IsEmpty());
      EXPECT_EQ(item.parentPublicId, "series3");

      request = FindRequest();
      request.filter.level = ResourceLevel::Series;
      request.parents[1] = {true, false};
      request.parents[0] = {false, true};
      const std::vector<FoundItem> found = Find(request);
      ASSERT_EQ(found.size(), 3u);
      for (size_t i = 0; i < 2; i++) // two children of the same study
      {
        EXPECT_EQ(found[i].contents[1].mainDicomTags.size(), 2u);
        EXPECT_THAT(found[i].contents[1].metadata, IsEmpty());
        EXPECT_EQ(found[i].contents[0].metadata.size(), 1u);
        EXPECT_THAT(found[i].contents[0].mainDicomTags, IsEmpty());
        EXPECT_THAT(found[i].contents[2].mainDicomTags, IsEmpty());
      }
    }

    TEST_P(FindRetrievalTests, Children)
    {
      FindRequest request = Ask(ResourceLevel::Study, "study1");
      request.children[2] = {
          true, false, {3, 4}, {{MODALITY.first, MODALITY.second}, {STUDY_DATE.first, STUDY_DATE.second}}};
      request.children[3] = {false, true, {10}, {}};
      const FoundItem item = FindOne(request);
      EXPECT_THAT(item.children[2].identifiers, UnorderedElementsAre("series1", "series2"));
      EXPECT_EQ(item.children[2].count, 2u);
      EXPECT_THAT(item.children[2].metadata,
                  UnorderedElementsAre(MetadataValue{3, "AET", 0}, MetadataValue{4, "1", 0},
                                       MetadataValue{4, "2", 0}));
      EXPECT_THAT(item.children[2].mainDicomTags, ElementsAre(TagValue{0x0008, 0x0060, "CT"}));
      EXPECT_THAT(item.children[3].identifiers, IsEmpty());
      EXPECT_EQ(item.children[3].count, 3u);
      EXPECT_THAT(item.children[3].metadata, ElementsAre(MetadataValue{10, "1.2.3", 0}));
    }

    TEST_P(FindRetrievalTests, ChildrenOfPatients)
    {
      FindRequest request = Ask(ResourceLevel::Patient, "patient");
      request.children[1].identifiers = true;
      request.children[2].count = true;
      request.children[3].identifiers = true;
      const FoundItem item = FindOne(request);
      EXPECT_THAT(item.children[1].identifiers, UnorderedElementsAre("study1", "study2"));
      EXPECT_EQ(item.children[2].count, 3u);
      EXPECT_EQ(item.children[3].count, 4u);
      EXPECT_EQ(item.children[3].identifiers.size(), 4u);
    }

    TEST_P(FindRetrievalTests, OneInstance)
    {
      for (const auto& [level, id] :
           {std::pair(ResourceLevel::Patient, "patient"), std::pair(ResourceLevel::Study, "study1"),
            std::pair(ResourceLevel::Series, "series2")})
      {
        FindRequest request = Ask(level, id);
        request.oneInstance = true;
        FoundItem item = FindOne(request);
        EXPECT_EQ(item.oneInstancePublicId, "instance1");
        EXPECT_THAT(item.oneInstanceMetadata,
                    UnorderedElementsAre(MetadataValue{1, "1", 2}, MetadataValue{10, "1.2.3", 11}));
        EXPECT_THAT(item.oneInstanceAttachments,
                    UnorderedElementsAre(model_.Get("instance1").attachments[0].attachment,
                                         model_.Get("instance1").attachments[1].attachment));
      }

      // Without metadata and attachments
      FindRequest request = Ask(ResourceLevel::Study, "study2");
      request.oneInstance = true;
      const FoundItem item = FindOne(request);
      EXPECT_EQ(item.oneInstancePublicId, "instance4");
      EXPECT_THAT(item.oneInstanceMetadata, IsEmpty());
      EXPECT_THAT(item.oneInstanceAttachments, IsEmpty());

      request = Ask(ResourceLevel::Instance, "instance1");
      request.oneInstance = true;
      EXPECT_EQ(FindOne(request).oneInstancePublicId, "");
    }

    TEST_P(FindRetrievalTests, EverythingAtAllLevels)
    {
      for (const auto level :
           {ResourceLevel::Patient, ResourceLevel::Study, ResourceLevel::Series, ResourceLevel::Instance})
      {
        for (const FoundItem& item : Find(AskEverything(level)))
        {
          const Node& node = model_.Get(item.publicId);
          EXPECT_EQ(item.labels.size(), node.labels.size());
          EXPECT_EQ(item.attachments.size(), node.attachments.size());
          for (size_t i = 0; i < 4; i++)
          {
            const auto other = static_cast<ResourceLevel>(i);
            if (other <= level)
            {
              const Node& ancestor = model_.GetAncestor(node, other);
              EXPECT_EQ(item.contents[i].mainDicomTags.size(), ancestor.tags.size());
              EXPECT_EQ(item.contents[i].metadata.size(), ancestor.metadata.size());
            }
            else
            {
              const size_t expected = model_.GetDescendants(node, other).size();
              EXPECT_EQ(item.children[i].identifiers.size(), expected);
              EXPECT_EQ(item.children[i].count, expected);
            }
          }
        }
      }
    }

    TEST_P(FindRetrievalTests, OneRoundTripWhereAnIndexFinds)
    {
      const auto measure = [this](const FindRequest& request)
      {
        IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
        const SessionStatistics before = t.transaction.GetStatistics();
        EXPECT_FALSE(FindResources(t, request).empty());
        t.Commit();
        const SessionStatistics after = t.transaction.GetStatistics();
        std::cout << "Find: " << after.roundTrips - before.roundTrips << " round trips, "
                  << after.statements - before.statements << " statements" << std::endl;
        return after.roundTrips - before.roundTrips;
      };
      FindRequest everything = AskEverything(ResourceLevel::Study);
      EXPECT_LE(measure(everything), 1u);
      EXPECT_LE(measure(everything), 1u); // all statements prepared
      EXPECT_LE(measure(Ask(ResourceLevel::Study, "study1")), 1u);
      everything.limits = FindLimits{0, 10};
      EXPECT_LE(measure(everything), 1u);
      everything.filter.metadata.push_back({7, false, true, ConstraintType::Wildcard, {"*"}});
      EXPECT_LE(measure(everything), 2u);
    }

    // What the server keeps of one search must not be there for the next one.
    TEST_P(FindRetrievalTests, NothingIsKeptForTheNextSearch)
    {
      FindRequest request = AskEverything(ResourceLevel::Study);
      IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
      EXPECT_FALSE(FindResources(t, request).empty());
      request.filter.orthancIds[1] = "nowhere";
      EXPECT_TRUE(FindResources(t, request).empty());
      request.filter.orthancIds[1] = "study1";
      request.filter.labels = {"nowhere"};
      EXPECT_TRUE(FindResources(t, request).empty());
      request.filter.labels.clear();
      EXPECT_EQ(FindResources(t, request).size(), 1u);
      if (GetParam() == Engine::PostgreSQL)
      {
        EXPECT_EQ(t.transaction.QueryValue<std::string>(
                      "SELECT COALESCE(current_setting('registry.found1', TRUE), '')"),
                  "")
            << "The session has kept the ids";
      }
    }

    TEST_P(FindRetrievalTests, ThousandsOfResources)
    {
      constexpr int COUNT = 3000;
      {
        Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
        for (int i = 0; i < COUNT; i++)
        {
          const int64_t id = 100000 + i;
          transaction.Execute(
              "INSERT INTO Resources (internalId, resourceType, publicId, parentId) VALUES ($1, 3, $2, $3)",
              id, "x" + std::to_string(id), model_.Get("series1").id);
          for (int tag = 0; tag < 10; tag++)
          {
            transaction.Execute(
                "INSERT INTO MainDicomTags (id, tagGroup, tagElement, value) VALUES ($1, 8, $2, $3)", id, tag,
                std::to_string(i));
          }
        }
        transaction.Commit();
      }

      FindRequest request;
      request.filter.level = ResourceLevel::Instance;
      request.filter.orthancIds[2] = "series1";
      request.mainDicomTags = true;
      request.parents[0] = {true, true};
      const std::vector<FoundItem> found = Find(request);
      ASSERT_EQ(found.size(), COUNT + 2u);
      for (size_t i = 2; i < found.size(); i++)
      {
        ASSERT_EQ(found[i].contents[3].mainDicomTags.size(), 10u);
        ASSERT_EQ(found[i].contents[3].mainDicomTags[5].value, std::to_string(i - 2));
        ASSERT_EQ(found[i].contents[0].mainDicomTags.size(), 2u);
      }
    }

    CONFORMANCE_SUITE(FindRetrievalTests);
  }
}
