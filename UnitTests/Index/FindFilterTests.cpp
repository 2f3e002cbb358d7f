// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include "Framework/Common/Errors.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  namespace
  {
    using Ids = std::vector<std::string>;

    class FindFilterTests : public FindTest
    {
    protected:
      Ids FindPatients(ConstraintType type, const std::vector<std::string>& values, bool isCaseSensitive,
                       bool isMandatory)
      {
        FindFilter filter = MakeFilter(ResourceLevel::Patient);
        TagConstraint constraint = MakeConstraint(ResourceLevel::Patient, PATIENT_NAME, type, values);
        constraint.isCaseSensitive = isCaseSensitive;
        constraint.isMandatory = isMandatory;
        filter.tags = {constraint};
        const Ids ids = FindIds(filter);
        EXPECT_EQ(ids.size(), Count(filter));
        return ids;
      }

      Ids FindWildcard(const std::string& wildcard, bool isCaseSensitive = true)
      {
        return FindPatients(ConstraintType::Wildcard, {wildcard}, isCaseSensitive, true);
      }

      // Two patients, three studies, four series, five instances; "1" of each level belongs to the first.
      void BuildHierarchy()
      {
        const int64_t patient1 = model_.Add(ResourceLevel::Patient, "patient1").id;
        const int64_t patient2 = model_.Add(ResourceLevel::Patient, "patient2").id;
        const int64_t study1 = model_.Add(ResourceLevel::Study, "study1", patient1).id;
        const int64_t study2 = model_.Add(ResourceLevel::Study, "study2", patient1).id;
        const int64_t study3 = model_.Add(ResourceLevel::Study, "study3", patient2).id;
        const int64_t series1 = model_.Add(ResourceLevel::Series, "series1", study1).id;
        const int64_t series2 = model_.Add(ResourceLevel::Series, "series2", study1).id;
        const int64_t series3 = model_.Add(ResourceLevel::Series, "series3", study2).id;
        const int64_t series4 = model_.Add(ResourceLevel::Series, "series4", study3).id;
        model_.Add(ResourceLevel::Instance, "instance1", series1);
        model_.Add(ResourceLevel::Instance, "instance2", series1);
        model_.Add(ResourceLevel::Instance, "instance3", series2);
        model_.Add(ResourceLevel::Instance, "instance4", series3);
        model_.Add(ResourceLevel::Instance, "instance5", series4);
        model_.Get("patient1").identifiers[PATIENT_ID] = "ONE";
        model_.Get("patient2").identifiers[PATIENT_ID] = "TWO";
        model_.Get("series1").tags[MODALITY] = "CT";
        model_.Get("series2").tags[MODALITY] = "PT";
        model_.Get("series3").tags[MODALITY] = "MR";
        model_.Get("series4").tags[MODALITY] = "ct";
        model_.Get("instance3").tags[INSTANCE_NUMBER] = "3";
        model_.Get("instance5").tags[INSTANCE_NUMBER] = "5";
        Store();
      }
    };

    TEST_P(FindFilterTests, TypesOfConstraints)
    {
      AddPatient("p1", "Abdomen");
      AddPatient("p2", "abdomen");
      AddPatient("p3", "Chest");
      AddPatient("p4", std::nullopt);
      AddPatient("p5", "");
      Store();

      constexpr auto EQUAL = ConstraintType::Equal;
      constexpr auto SMALLER = ConstraintType::SmallerOrEqual;
      constexpr auto GREATER = ConstraintType::GreaterOrEqual;
      constexpr auto WILDCARD = ConstraintType::Wildcard;
      constexpr auto LIST = ConstraintType::List;

      EXPECT_EQ(FindPatients(EQUAL, {"Abdomen"}, true, true), Ids({"p1"}));
      EXPECT_EQ(FindPatients(EQUAL, {"Abdomen"}, true, false), Ids({"p1", "p4"}));
      EXPECT_EQ(FindPatients(EQUAL, {"ABDOMEN"}, true, true), Ids());
      EXPECT_EQ(FindPatients(EQUAL, {"ABDOMEN"}, false, true), Ids({"p1", "p2"}));
      EXPECT_EQ(FindPatients(EQUAL, {"ABDOMEN"}, false, false), Ids({"p1", "p2", "p4"}));
      EXPECT_EQ(FindPatients(EQUAL, {""}, true, true), Ids({"p5"}));

      EXPECT_EQ(FindPatients(SMALLER, {"Chest"}, true, true), Ids({"p1", "p3", "p5"}));
      EXPECT_EQ(FindPatients(SMALLER, {"Chest"}, true, false), Ids({"p1", "p3", "p4", "p5"}));
      EXPECT_EQ(FindPatients(SMALLER, {"b"}, false, true), Ids({"p1", "p2", "p5"}));
      EXPECT_EQ(FindPatients(GREATER, {"Chest"}, true, true), Ids({"p2", "p3"}));
      EXPECT_EQ(FindPatients(GREATER, {"Chest"}, true, false), Ids({"p2", "p3", "p4"}));
      EXPECT_EQ(FindPatients(GREATER, {"b"}, false, true), Ids({"p3"}));

      EXPECT_EQ(FindPatients(WILDCARD, {"A*"}, true, true), Ids({"p1"}));
      EXPECT_EQ(FindPatients(WILDCARD, {"A*"}, false, true), Ids({"p1", "p2"}));
      EXPECT_EQ(FindPatients(WILDCARD, {"A*"}, false, false), Ids({"p1", "p2", "p4"}));
      EXPECT_EQ(FindPatients(WILDCARD, {"*"}, true, true), Ids({"p1", "p2", "p3", "p5"}));
      EXPECT_EQ(FindPatients(WILDCARD, {"*"}, true, false), Ids({"p1", "p2", "p3", "p4", "p5"}));

      EXPECT_EQ(FindPatients(LIST, {"Chest", "abdomen"}, true, true), Ids({"p2", "p3"}));
      EXPECT_EQ(FindPatients(LIST, {"CHEST", "abdomen"}, false, true), Ids({"p1", "p2", "p3"}));
      EXPECT_EQ(FindPatients(LIST, {"CHEST"}, false, false), Ids({"p3", "p4"}));
      EXPECT_EQ(FindPatients(LIST, {}, true, true), Ids());
      EXPECT_EQ(FindPatients(LIST, {}, false, true), Ids());
      EXPECT_EQ(FindPatients(LIST, {}, false, false), Ids({"p4"}));
    }

    TEST_P(FindFilterTests, SpecialCharactersAreLiteral)
    {
      AddPatient("p1", "100%");
      AddPatient("p2", "100x");
      AddPatient("p3", "a_b");
      AddPatient("p4", "axb");
      AddPatient("p5", "c\\d");
      AddPatient("p6", "cd");
      AddPatient("p7", "it's");
      AddPatient("p8", "[x]");
      AddPatient("p9", "x");
      Store();

      EXPECT_EQ(FindWildcard("100%*"), Ids({"p1"}));
      EXPECT_EQ(FindWildcard("*%"), Ids({"p1"}));
      EXPECT_EQ(FindWildcard("a_?"), Ids({"p3"}));
      EXPECT_EQ(FindWildcard("a?b"), Ids({"p3", "p4"}));
      EXPECT_EQ(FindWildcard("c\\*"), Ids({"p5"}));
      EXPECT_EQ(FindWildcard("*\\d"), Ids({"p5"}));
      EXPECT_EQ(FindWildcard("it'?"), Ids({"p7"}));
      EXPECT_EQ(FindWildcard("[*"), Ids({"p8"}));
      EXPECT_EQ(FindWildcard("*[x]*"), Ids({"p8"}));
      EXPECT_EQ(FindWildcard("[X]", false), Ids({"p8"}));
      EXPECT_EQ(FindWildcard("?"), Ids({"p9"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"it's"}, true, true), Ids({"p7"}));
      EXPECT_EQ(FindPatients(ConstraintType::List, {"it's", "c\\d", "\"", "[x]"}, true, true),
                Ids({"p5", "p7", "p8"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"' OR 1 = 1 --"}, true, true), Ids());
    }

    TEST_P(FindFilterTests, OtherAlphabets)
    {
      AddPatient("p1", "Émile");
      AddPatient("p2", "émile");
      AddPatient("p3", "山田^太郎");
      AddPatient("p4", "Straße");
      AddPatient("p5", "ΟΔΟΣ");
      AddPatient("p6", "Żółć😀");
      Store();

      EXPECT_EQ(FindWildcard("É*"), Ids({"p1"}));
      EXPECT_EQ(FindWildcard("É*", false), Ids({"p1", "p2"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"ÉMILE"}, false, true), Ids({"p1", "p2"}));
      EXPECT_EQ(FindPatients(ConstraintType::List, {"ÉMILE"}, false, true), Ids({"p1", "p2"}));
      EXPECT_EQ(FindWildcard("?mile"), Ids({"p1", "p2"}));
      EXPECT_EQ(FindWildcard("山田*"), Ids({"p3"}));
      EXPECT_EQ(FindWildcard("??^??"), Ids({"p3"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"STRASSE"}, false, true), Ids({"p4"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"οδος"}, false, true), Ids({"p5"}));
      EXPECT_EQ(FindWildcard("οδος*", false), Ids({"p5"}));
      EXPECT_EQ(FindPatients(ConstraintType::Equal, {"żÓŁĆ😀"}, false, true), Ids({"p6"}));
    }

    TEST_P(FindFilterTests, IdentifiersAndMainTagsAreDifferentTables)
    {
      AddPatient("p1", "Doe^John");
      model_.Get("p1").identifiers[PATIENT_NAME] = "DOE^JOHN";
      AddPatient("p2", "DOE^JOHN");
      Store();

      FindFilter filter = MakeFilter(ResourceLevel::Patient);
      filter.tags = {
          MakeConstraint(ResourceLevel::Patient, PATIENT_NAME, ConstraintType::Equal, {"DOE^JOHN"})};
      EXPECT_EQ(FindIds(filter), Ids({"p2"}));
      filter.tags[0].isIdentifier = true;
      EXPECT_EQ(FindIds(filter), Ids({"p1"}));
    }

    TEST_P(FindFilterTests, NothingRestrictsNothing)
    {
      BuildHierarchy();
      EXPECT_EQ(FindIds(MakeFilter(ResourceLevel::Patient)), Ids({"patient1", "patient2"}));
      EXPECT_EQ(FindIds(MakeFilter(ResourceLevel::Series)),
                Ids({"series1", "series2", "series3", "series4"}));
      EXPECT_EQ(Count(MakeFilter(ResourceLevel::Instance)), 5u);
    }

    TEST_P(FindFilterTests, OrthancIds)
    {
      BuildHierarchy();
      FindFilter filter = MakeFilter(ResourceLevel::Series);
      filter.orthancIds[0] = "patient1";
      EXPECT_EQ(FindIds(filter), Ids({"series1", "series2", "series3"}));
      filter.orthancIds[1] = "study1";
      EXPECT_EQ(FindIds(filter), Ids({"series1", "series2"}));
      filter.orthancIds[2] = "series2";
      EXPECT_EQ(FindIds(filter), Ids({"series2"}));
      filter.orthancIds[1] = "study3";
      EXPECT_EQ(FindIds(filter), Ids());

      // An identifier of another level is none of this one.
      filter = MakeFilter(ResourceLevel::Series);
      filter.orthancIds[2] = "study1";
      EXPECT_EQ(FindIds(filter), Ids());

      filter = MakeFilter(ResourceLevel::Patient);
      filter.orthancIds[3] = "instance5";
      EXPECT_EQ(FindIds(filter), Ids({"patient2"}));
    }

    TEST_P(FindFilterTests, ConstraintsOnOtherLevels)
    {
      BuildHierarchy();
      FindFilter filter = MakeFilter(ResourceLevel::Instance);
      TagConstraint patient =
          MakeConstraint(ResourceLevel::Patient, PATIENT_ID, ConstraintType::Equal, {"ONE"});
      patient.isIdentifier = true;
      TagConstraint modality =
          MakeConstraint(ResourceLevel::Series, MODALITY, ConstraintType::List, {"CT", "PT"});
      modality.isCaseSensitive = false;

      filter.tags = {patient, modality};
      EXPECT_EQ(FindIds(filter), Ids({"instance1", "instance2", "instance3"}));

      filter = MakeFilter(ResourceLevel::Study); // ModalitiesInStudy
      filter.tags = {modality};
      EXPECT_EQ(FindIds(filter), Ids({"study1", "study3"}));
      EXPECT_EQ(Count(filter), 2u);
      filter.tags = {modality, patient};
      EXPECT_EQ(FindIds(filter), Ids({"study1"}));

      filter = MakeFilter(ResourceLevel::Study); // grandchildren
      filter.tags = {
          MakeConstraint(ResourceLevel::Instance, INSTANCE_NUMBER, ConstraintType::GreaterOrEqual, {"4"})};
      EXPECT_EQ(FindIds(filter), Ids({"study3"}));
      filter.tags[0].isMandatory = false; // study1 and study2 have an instance without
      EXPECT_EQ(FindIds(filter), Ids({"study1", "study2", "study3"}));

      filter = MakeFilter(ResourceLevel::Patient);
      filter.tags = {MakeConstraint(ResourceLevel::Instance, INSTANCE_NUMBER, ConstraintType::Equal, {"3"}),
                     modality};
      EXPECT_EQ(FindIds(filter), Ids({"patient1"}));
      EXPECT_EQ(Count(filter), 1u);
    }

    TEST_P(FindFilterTests, OptionalConstraintsDoNotWidenOthers)
    {
      AddPatient("p1", "A");
      model_.Get("p1").tags[PATIENT_ID] = "1";
      AddPatient("p2", "A");
      AddPatient("p3", std::nullopt);
      model_.Get("p3").tags[PATIENT_ID] = "2";
      AddPatient("p4", std::nullopt);
      model_.Get("p4").metadata[1024] = "x";
      Store();

      FindFilter filter = MakeFilter(ResourceLevel::Patient);
      filter.tags = {MakeConstraint(ResourceLevel::Patient, PATIENT_NAME, ConstraintType::Equal, {"A"}),
                     MakeConstraint(ResourceLevel::Patient, PATIENT_ID, ConstraintType::Equal, {"1"})};
      filter.tags[0].isMandatory = false;
      filter.tags[1].isMandatory = false;
      EXPECT_EQ(FindIds(filter), Ids({"p1", "p2", "p4"}));
      filter.tags[1].isMandatory = true;
      EXPECT_EQ(FindIds(filter), Ids({"p1"}));

      filter.tags[1].isMandatory = false;
      filter.metadata = {MetadataConstraint{1024, true, false, ConstraintType::Equal, {"y"}}};
      EXPECT_EQ(FindIds(filter), Ids({"p1", "p2"}));
    }

    TEST_P(FindFilterTests, Metadata)
    {
      AddPatient("p1", std::nullopt);
      model_.Get("p1").metadata[1024] = "Hello";
      AddPatient("p2", std::nullopt);
      model_.Get("p2").metadata[1024] = "help";
      model_.Get("p2").metadata[1025] = "Hello";
      AddPatient("p3", std::nullopt);
      Store();

      FindFilter filter = MakeFilter(ResourceLevel::Patient);
      const auto find = [&](const MetadataConstraint& constraint)
      {
        filter.metadata = {constraint};
        return FindIds(filter);
      };
      EXPECT_EQ(find({1024, true, true, ConstraintType::Equal, {"Hello"}}), Ids({"p1"}));
      EXPECT_EQ(find({1024, true, false, ConstraintType::Equal, {"Hello"}}), Ids({"p1", "p3"}));
      EXPECT_EQ(find({1024, false, true, ConstraintType::Wildcard, {"HEL*"}}), Ids({"p1", "p2"}));
      EXPECT_EQ(find({1024, true, true, ConstraintType::Wildcard, {"hel*"}}), Ids({"p2"}));
      EXPECT_EQ(find({1024, true, true, ConstraintType::GreaterOrEqual, {"a"}}), Ids({"p2"}));
      EXPECT_EQ(find({1024, false, true, ConstraintType::SmallerOrEqual, {"HELLO"}}), Ids({"p1"}));
      EXPECT_EQ(find({1024, true, true, ConstraintType::List, {"help", "x"}}), Ids({"p2"}));
      EXPECT_EQ(find({1025, true, true, ConstraintType::Wildcard, {"*"}}), Ids({"p2"}));
    }

    TEST_P(FindFilterTests, Labels)
    {
      AddPatient("p1", std::nullopt);
      model_.Get("p1").labels = {"a", "b"};
      AddPatient("p2", std::nullopt);
      model_.Get("p2").labels = {"a"};
      AddPatient("p3", std::nullopt);
      AddPatient("p4", std::nullopt);
      model_.Get("p4").labels = {"c"};
      Store();

      FindFilter filter = MakeFilter(ResourceLevel::Patient);
      const auto find = [&](LabelsConstraint constraint, const std::vector<std::string>& labels)
      {
        filter.labelsConstraint = constraint;
        filter.labels = labels;
        EXPECT_EQ(FindIds(filter).size(), Count(filter));
        return FindIds(filter);
      };
      EXPECT_EQ(find(LabelsConstraint::All, {"a", "b"}), Ids({"p1"}));
      EXPECT_EQ(find(LabelsConstraint::All, {"a", "a"}), Ids({"p1", "p2"}));
      EXPECT_EQ(find(LabelsConstraint::Any, {"a", "c"}), Ids({"p1", "p2", "p4"}));
      EXPECT_EQ(find(LabelsConstraint::Any, {"b"}), Ids({"p1"}));
      EXPECT_EQ(find(LabelsConstraint::None, {"a"}), Ids({"p3", "p4"}));
      EXPECT_EQ(find(LabelsConstraint::None, {"a", "c"}), Ids({"p3"}));
      EXPECT_EQ(find(LabelsConstraint::All, {}), Ids({"p1", "p2", "p3", "p4"}));
      EXPECT_EQ(find(LabelsConstraint::Any, {}), Ids({"p1", "p2", "p3", "p4"}));
      EXPECT_EQ(find(LabelsConstraint::None, {}), Ids({"p3"}));
    }

    TEST_P(FindFilterTests, WrongNumberOfValues)
    {
      FindFilter filter = MakeFilter(ResourceLevel::Patient);
      filter.tags = {MakeConstraint(ResourceLevel::Patient, PATIENT_NAME, ConstraintType::Equal, {"a", "b"})};
      EXPECT_THROW(Count(filter), RegistryError);
      filter.tags[0].values.clear();
      EXPECT_THROW(Count(filter), RegistryError);
    }

    TEST_P(FindFilterTests, LegacyLookup)
    {
      BuildHierarchy();
      FindFilter filter = MakeFilter(ResourceLevel::Study);
      filter.orthancIds[0] = "patient1";

      IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
      LookupAnswer answer = LookupResources(t, filter, 0, true);
      EXPECT_EQ(answer.resources, Ids({"study1", "study2"}));
      EXPECT_EQ(answer.instances, Ids({"instance1", "instance4"}));

      answer = LookupResources(t, filter, 1, false);
      EXPECT_EQ(answer.resources, Ids({"study1"}));
      EXPECT_EQ(answer.instances, Ids());

      answer = LookupResources(t, MakeFilter(ResourceLevel::Instance), 2, true);
      EXPECT_EQ(answer.resources, Ids({"instance1", "instance2"}));
      EXPECT_EQ(answer.instances, answer.resources);
    }

    CONFORMANCE_SUITE(FindFilterTests);
  }
}
