// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ResourceLookup.h"

#include "UnitTests/TestDatabases.h"

namespace OrthancRegistry
{
  namespace
  {
    const std::string PATIENT = "aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa-aaaaaaaa";
    const std::string STUDY = "bbbbbbbb-bbbbbbbb-bbbbbbbb-bbbbbbbb-bbbbbbbb";
    const std::string SERIES = "cccccccc-cccccccc-cccccccc-cccccccc-cccccccc";
    const std::string INSTANCE = "dddddddd-dddddddd-dddddddd-dddddddd-dddddddd";
    const std::string UNKNOWN = "eeeeeeee-eeeeeeee-eeeeeeee-eeeeeeee-eeeeeeee";

    class ResourceLookupTests : public Testing::EngineTest
    {
    };
  }

  CONFORMANCE_SUITE(ResourceLookupTests);

  TEST_P(ResourceLookupTests, LevelsAndParents)
  {
    database_->Migrate("Index");
    IndexTransaction creation(GetDatabase(), database_->GetDialect(), AccessMode::ReadWrite);
    creation.dialect.CreateInstance(creation.transaction, PATIENT, STUDY, SERIES, INSTANCE);
    creation.transaction.Commit();

    ResourceLookup lookup(GetDatabase());
    const auto found = lookup.Find({INSTANCE, PATIENT, UNKNOWN, STUDY, SERIES, STUDY});
    ASSERT_EQ(4u, found.size());
    EXPECT_EQ(ResourceLevel::Patient, found.at(PATIENT).level);
    EXPECT_EQ("", found.at(PATIENT).parent);
    EXPECT_EQ(ResourceLevel::Study, found.at(STUDY).level);
    EXPECT_EQ(PATIENT, found.at(STUDY).parent);
    EXPECT_EQ(ResourceLevel::Series, found.at(SERIES).level);
    EXPECT_EQ(STUDY, found.at(SERIES).parent);
    EXPECT_EQ(ResourceLevel::Instance, found.at(INSTANCE).level);
    EXPECT_EQ(SERIES, found.at(INSTANCE).parent);
  }

  TEST_P(ResourceLookupTests, Patients)
  {
    database_->Migrate("Index");
    IndexTransaction creation(GetDatabase(), database_->GetDialect(), AccessMode::ReadWrite);
    const auto created =
        creation.dialect.CreateInstance(creation.transaction, PATIENT, STUDY, SERIES, INSTANCE);
    creation.dialect.InsertContent(creation.transaction,
                                   {{created.patientId, true, {0x0010, 0x0020, "ID 1"}},
                                    {created.patientId, false, {0x0010, 0x0020, "Id 1"}},
                                    {created.patientId, false, {0x0010, 0x0010, "Name"}}},
                                   {});
    creation.transaction.Commit();

    ResourceLookup lookup(GetDatabase());
    const std::map<uint32_t, std::string> tags = {{0x00100020, "Id 1"}, {0x00100010, "Name"}};
    for (const auto& patient : {lookup.FindPatientOfStudy(STUDY), lookup.FindPatient(" id 1")})
    {
      ASSERT_TRUE(patient.has_value());
      EXPECT_EQ(tags, patient->tags);
      EXPECT_EQ(std::vector<std::string>{STUDY}, patient->studies);
    }
    EXPECT_FALSE(lookup.FindPatientOfStudy(SERIES).has_value());
    EXPECT_FALSE(lookup.FindPatientOfStudy("'").has_value());
    EXPECT_FALSE(lookup.FindPatient("Id 2").has_value());
    EXPECT_FALSE(lookup.FindPatient("Id \xc3\xa9").has_value());
    EXPECT_FALSE(lookup.FindPatient("").has_value());
  }

  TEST_P(ResourceLookupTests, WhateverAClientSends)
  {
    database_->Migrate("Index");
    ResourceLookup lookup(GetDatabase());
    EXPECT_TRUE(lookup.Find({}).empty());
    EXPECT_TRUE(lookup.Find({"", "'", std::string("a\0b", 3), "\xff\xfe", UNKNOWN}).empty());
  }
}
