// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "Framework/Index/Labels.h"
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Tags.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

#include <array>

using testing::ElementsAre;
using testing::UnorderedElementsAre;

namespace OrthancRegistry::Testing
{
  namespace
  {
    ResourceReference Patient(const std::string& id)
    {
      return {ResourceLevel::Patient, id};
    }

    ResourceReference Study(const std::string& id)
    {
      return {ResourceLevel::Study, id};
    }

    ResourceReference Series(const std::string& id)
    {
      return {ResourceLevel::Series, id};
    }

    ResourceReference Instance(const std::string& id)
    {
      return {ResourceLevel::Instance, id};
    }

    DeletedResources Delete(IndexTransaction& t, const std::string& publicId)
    {
      return Resources::DeleteResource(t, Resources::Lookup(t, publicId).value().id);
    }
  }

  class DeletionTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(DeletionTest);

  TEST_P(DeletionTest, ASiblingKeepsTheParent)
  {
    IndexTransaction t = Write();
    Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Resources::CreateInstance(t, "p1", "st1", "se1", "i2");

    const auto deleted = Delete(t, "i1");
    EXPECT_THAT(deleted.resources, ElementsAre(Instance("i1")));
    EXPECT_EQ(Series("se1"), deleted.remainingAncestor);
    EXPECT_FALSE(Resources::Lookup(t, "i1").has_value());
    EXPECT_TRUE(Resources::Lookup(t, "i2").has_value());
  }

  TEST_P(DeletionTest, TheLastChildTakesAllItsAncestorsAlong)
  {
    IndexTransaction t = Write();
    Resources::CreateInstance(t, "p1", "st1", "se1", "i1");

    const auto deleted = Delete(t, "i1");
    EXPECT_THAT(deleted.resources,
                UnorderedElementsAre(Instance("i1"), Series("se1"), Study("st1"), Patient("p1")));
    EXPECT_FALSE(deleted.remainingAncestor.has_value());
    EXPECT_EQ(Statistics(), StatisticsQueries::GetAll(t));
  }

  // A second branch starts below the level "fork"; the first branch is deleted at each level below.
  TEST_P(DeletionTest, TheRemainingAncestorIsTheClosestSurvivor)
  {
    const std::array<ResourceReference, 4> branch = {Patient("p1"), Study("st1"), Series("se1"),
                                                     Instance("i1")};
    for (size_t fork = 0; fork < 3; fork++)
    {
      for (size_t target = fork + 1; target < 4; target++)
      {
        IndexTransaction t = Write();
        Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
        Resources::CreateInstance(t, "p1", fork < 1 ? "st2" : "st1", fork < 2 ? "se2" : "se1", "i2");

        const auto deleted = Delete(t, branch.at(target).publicId);
        EXPECT_THAT(deleted.resources, testing::UnorderedElementsAreArray(
                                           branch.begin() + static_cast<ptrdiff_t>(fork) + 1, branch.end()))
            << fork << " " << target;
        EXPECT_EQ(branch.at(fork), deleted.remainingAncestor) << fork << " " << target;
        EXPECT_EQ(0, CountChildless(t));
        EXPECT_EQ(Recount(t), StatisticsQueries::GetAll(t));
      }
    }
  }

  TEST_P(DeletionTest, EachLevelReportsAllResourcesAndAttachments)
  {
    for (const char* target : {"p1", "st1", "se1", "i1"})
    {
      IndexTransaction t = Write();
      const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
      std::vector<Attachment> expected;
      for (const int64_t id : {created.patientId, created.studyId, created.seriesId, created.instanceId})
      {
        expected.push_back(MakeAttachment("uuid-" + std::to_string(id), 1024, 10, 100));
        expected.back().customData = std::string("\0binary\xff", 8);
        Attachments::Add(t, id, expected.back(), 0);
      }

      const auto deleted = Delete(t, target);
      EXPECT_EQ(4u, deleted.resources.size()) << target;
      EXPECT_THAT(deleted.attachments, testing::UnorderedElementsAreArray(expected)) << target;
      EXPECT_EQ(Statistics(), StatisticsQueries::GetAll(t)) << target;
    }
  }

  TEST_P(DeletionTest, APatientGoesWithManyBranches)
  {
    IndexTransaction t = Write();
    for (int study = 0; study < 3; study++)
    {
      for (int series = 0; series < 2; series++)
      {
        for (int instance = 0; instance < 5; instance++)
        {
          const std::string s = std::to_string(study);
          const std::string e = s + "-" + std::to_string(series);
          const std::string i = e + "-" + std::to_string(instance);
          const auto created = Resources::CreateInstance(t, "p1", "st" + s, "se" + e, "i" + i);
          Attachments::Add(t, created.instanceId, MakeAttachment("u" + i, 1, 3, 4), 0);
        }
      }
    }
    Resources::CreateInstance(t, "p2", "st", "se", "i");

    const auto study = Delete(t, "st1");
    EXPECT_EQ(13u, study.resources.size());
    EXPECT_EQ(10u, study.attachments.size());
    EXPECT_EQ(Patient("p1"), study.remainingAncestor);

    const auto patient = Delete(t, "p1");
    EXPECT_EQ(1u + 2 + 4 + 20, patient.resources.size());
    EXPECT_EQ(20u, patient.attachments.size());
    EXPECT_FALSE(patient.remainingAncestor.has_value());
    EXPECT_EQ((Statistics{1, 1, 1, 1, 0, 0}), StatisticsQueries::GetAll(t));
  }

  TEST_P(DeletionTest, WhatBelongsToAResourceGoesWithIt)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Tags::SetResourcesContent(
        t, {{created.studyId, false, {0x20, 0xd, "1.2"}}, {created.studyId, true, {0x20, 0xd, "1.2"}}},
        {{created.seriesId, 7, "now"}});
    Labels::Add(t, created.studyId, "label");
    Changes::Log(t, 2, ResourceLevel::Instance, created.instanceId, "date");
    Changes::Log(t, 3, ResourceLevel::Patient, created.patientId, "date");

    Delete(t, "st1");
    for (const auto& [rows] : t.transaction.Query<int64_t>(
             "SELECT COUNT(*) FROM MainDicomTags UNION ALL SELECT COUNT(*) FROM DicomIdentifiers UNION ALL "
             "SELECT COUNT(*) FROM Metadata UNION ALL SELECT COUNT(*) FROM Labels UNION ALL "
             "SELECT COUNT(*) FROM Changes UNION ALL SELECT COUNT(*) FROM Resources"))
    {
      EXPECT_EQ(0, rows);
    }
    EXPECT_TRUE(Changes::Get(t, 0, -1, {}, 100).changes.empty());
    EXPECT_EQ(2, Changes::GetLastIndex(t));
  }

  TEST_P(DeletionTest, OverwritingAnInstance)
  {
    IndexTransaction t = Write();
    const auto first = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    Delete(t, "i1");
    const auto second = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    EXPECT_TRUE(second.isNewPatient && second.isNewInstance);
    EXPECT_NE(first.instanceId, second.instanceId);
    t.transaction.Commit();

    IndexTransaction reader = Read();
    EXPECT_EQ((Statistics{1, 1, 1, 1, 0, 0}), StatisticsQueries::GetAll(reader));
  }
}
