// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Labels.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  class LabelsTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(LabelsTest);

  TEST_P(LabelsTest, AddListAndRemove)
  {
    IndexTransaction t = Write();
    const auto created = Resources::CreateInstance(t, "p1", "st1", "se1", "i1");
    EXPECT_TRUE(Labels::ListAll(t).empty());

    for (const char* label : {"b", "a_1", "B", "a-2"})
    {
      Labels::Add(t, created.studyId, label);
      Labels::Add(t, created.studyId, label);
    }
    Labels::Add(t, created.patientId, "b");
    Labels::Add(t, created.patientId, "z");
    EXPECT_THAT(Labels::List(t, created.studyId), ElementsAre("B", "a-2", "a_1", "b"));
    EXPECT_THAT(Labels::List(t, created.patientId), ElementsAre("b", "z"));
    EXPECT_THAT(Labels::ListAll(t), ElementsAre("B", "a-2", "a_1", "b", "z"));

    Labels::Remove(t, created.studyId, "b");
    Labels::Remove(t, created.studyId, "b");
    EXPECT_THAT(Labels::List(t, created.studyId), ElementsAre("B", "a-2", "a_1"));
    EXPECT_THAT(Labels::ListAll(t), ElementsAre("B", "a-2", "a_1", "b", "z"));
    EXPECT_TRUE(Labels::List(t, 4242).empty());
  }
}
