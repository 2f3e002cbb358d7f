// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  class ResourcesTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(ResourcesTest);

  TEST_P(ResourcesTest, TheFirstInstanceCreatesAllLevels)
  {
    IndexTransaction t = Write();
    const CreatedInstance created = Resources::CreateInstance(t, "patient", "study", "series", "instance");
    EXPECT_TRUE(created.isNewPatient);
    EXPECT_TRUE(created.isNewStudy);
    EXPECT_TRUE(created.isNewSeries);
    EXPECT_TRUE(created.isNewInstance);
    EXPECT_EQ(created.patientId, Resources::Lookup(t, "patient").value().id);
    EXPECT_EQ(created.studyId, Resources::Lookup(t, "study").value().id);
    EXPECT_EQ(created.seriesId, Resources::Lookup(t, "series").value().id);
    EXPECT_EQ(created.instanceId, Resources::Lookup(t, "instance").value().id);
  }

  TEST_P(ResourcesTest, OnlyMissingLevelsAreNew)
  {
    IndexTransaction t = Write();
    const auto first = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");

    const auto series = Resources::CreateInstance(t, "p1", "st1", "se1", "i2");
    EXPECT_FALSE(series.isNewPatient || series.isNewStudy || series.isNewSeries);
    EXPECT_TRUE(series.isNewInstance);
    EXPECT_EQ(first.seriesId, series.seriesId);

    const auto study = Resources::CreateInstance(t, "p1", "st1", "se2", "i3");
    EXPECT_FALSE(study.isNewPatient || study.isNewStudy);
    EXPECT_TRUE(study.isNewSeries && study.isNewInstance);
    EXPECT_EQ(first.studyId, study.studyId);

    const auto patient = Resources::CreateInstance(t, "p1", "st2", "se3", "i4");
    EXPECT_FALSE(patient.isNewPatient);
    EXPECT_TRUE(patient.isNewStudy && patient.isNewSeries && patient.isNewInstance);
    EXPECT_EQ(first.patientId, patient.patientId);
    EXPECT_EQ((Statistics{1, 2, 3, 4, 0, 0}), StatisticsQueries::GetAll(t));
  }

  TEST_P(ResourcesTest, AnExistingInstanceAnswersItsIdAndTouchesNothing)
  {
    IndexTransaction t = Write();
    const auto first = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    const auto order = t.transaction.QueryValue<std::string>("SELECT value FROM Metadata WHERE type = 19");

    const auto again = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    EXPECT_FALSE(again.isNewInstance || again.isNewSeries || again.isNewStudy || again.isNewPatient);
    EXPECT_EQ(first.instanceId, again.instanceId);

    // The ids of its parents do not count: nothing is created for them.
    const auto elsewhere = Resources::CreateInstance(t, "p2", "st2", "se2", "i1");
    EXPECT_FALSE(elsewhere.isNewInstance);
    EXPECT_EQ(first.instanceId, elsewhere.instanceId);
    EXPECT_EQ((Statistics{1, 1, 1, 1, 0, 0}), StatisticsQueries::GetAll(t));
    EXPECT_EQ(order, t.transaction.QueryValue<std::string>("SELECT value FROM Metadata WHERE type = 19"));
  }

  TEST_P(ResourcesTest, TheHierarchyIsReadUpAndDown)
  {
    IndexTransaction t = Write();
    const auto a = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    const auto b = Resources::CreateInstance(t, "p1", "st1", "se1", "i2");

    EXPECT_EQ(a.seriesId, Resources::LookupParent(t, a.instanceId));
    EXPECT_EQ(a.studyId, Resources::LookupParent(t, a.seriesId));
    EXPECT_EQ(a.patientId, Resources::LookupParent(t, a.studyId));
    EXPECT_FALSE(Resources::LookupParent(t, a.patientId).has_value());

    EXPECT_THAT(Resources::GetChildrenInternalIds(t, a.seriesId), ElementsAre(a.instanceId, b.instanceId));
    EXPECT_THAT(Resources::GetChildrenPublicIds(t, a.seriesId), ElementsAre("i1", "i2"));
    EXPECT_THAT(Resources::GetChildrenPublicIds(t, a.patientId), ElementsAre("st1"));
    EXPECT_TRUE(Resources::GetChildrenInternalIds(t, a.instanceId).empty());

    EXPECT_EQ("se1", Resources::GetPublicId(t, a.seriesId));
    EXPECT_EQ(ResourceLevel::Series, Resources::GetLevel(t, a.seriesId));

    const auto series = Resources::LookupWithParent(t, "se1");
    ASSERT_TRUE(series.has_value());
    EXPECT_EQ(a.seriesId, series->id);
    EXPECT_EQ(ResourceLevel::Series, series->level);
    EXPECT_EQ("st1", series->parentPublicId);
    EXPECT_EQ("", Resources::LookupWithParent(t, "p1").value().parentPublicId);
  }

  TEST_P(ResourcesTest, UnknownResources)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(Resources::Lookup(t, "nope").has_value());
    EXPECT_FALSE(Resources::LookupWithParent(t, "nope").has_value());
    EXPECT_FALSE(Resources::LookupParent(t, 42).has_value());
    EXPECT_TRUE(Resources::GetChildrenInternalIds(t, 42).empty());

    const auto getCode = [](const std::function<void()>& action)
    {
      try
      {
        action();
      }
      catch (const RegistryError& e)
      {
        return e.GetCode();
      }
      return ErrorCode::Success;
    };
    EXPECT_EQ(ErrorCode::UnknownResource, getCode(
                                              [&]
                                              {
                                                Resources::GetPublicId(t, 42);
                                              }));
    EXPECT_EQ(ErrorCode::UnknownResource, getCode(
                                              [&]
                                              {
                                                Resources::GetLevel(t, 42);
                                              }));
    EXPECT_EQ(ErrorCode::UnknownResource, getCode(
                                              [&]
                                              {
                                                Resources::DeleteResource(t, 42);
                                              }));
  }

  TEST_P(ResourcesTest, AllPublicIdsComeInTheOrderOfTheirBytesAndInPages)
  {
    IndexTransaction t = Write();
    for (const char* id : {"b-1", "a2", "B", "a-1", "a1"})
    {
      Resources::CreateInstance(t, "p", "st", "se", id);
    }
    EXPECT_THAT(Resources::GetAllPublicIds(t, ResourceLevel::Instance, 0, 0),
                ElementsAre("B", "a-1", "a1", "a2", "b-1"));
    EXPECT_THAT(Resources::GetAllPublicIds(t, ResourceLevel::Instance, 1, 2), ElementsAre("a-1", "a1"));
    EXPECT_THAT(Resources::GetAllPublicIds(t, ResourceLevel::Instance, 4, 10), ElementsAre("b-1"));
    EXPECT_TRUE(Resources::GetAllPublicIds(t, ResourceLevel::Instance, 5, 10).empty());
    EXPECT_THAT(Resources::GetAllPublicIds(t, ResourceLevel::Patient, 0, 0), ElementsAre("p"));
  }
}
