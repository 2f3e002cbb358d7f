// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SavedJobs.h"

#include "Framework/Common/Json.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    TEST(SavedJobs, JobsWithTheParametersOfAPeerAreNotSaved)
    {
      const std::string saved = R"({"Type":"JobsRegistry","Jobs":{
        "send":{"Job":{"Type":"OrthancPeerStore","Peer":{"Password":"canary"}},"State":"Running"},
        "lua":{"Job":{"Type":"SequenceOfOperations","Operations":[{"Peer":["http://a","b","canary"]}]}},
        "modify":{"Job":{"Type":"ResourceModification"},"State":"Paused"}}})";
      const Json::Value kept = ParseJson(RedactSavedRegistry(saved));
      EXPECT_EQ(Json::Value::Members{"modify"}, kept["Jobs"].getMemberNames());
      EXPECT_EQ("Paused", kept["Jobs"]["modify"]["State"].asString());
      EXPECT_EQ("JobsRegistry", kept["Type"].asString());
    }

    TEST(SavedJobs, OtherRegistriesStayAsTheyAre)
    {
      const std::string saved = R"({ "Type" : "JobsRegistry", "Jobs" : { "a" : { "State" : "Success" } } })";
      EXPECT_EQ(saved, RedactSavedRegistry(saved));
    }

    TEST(SavedJobs, WhatCannotBeReadIsNotSaved)
    {
      const std::string empty = R"({"Jobs":{},"Type":"JobsRegistry"})";
      EXPECT_EQ(empty, RedactSavedRegistry(R"({"Jobs":)"));
      EXPECT_EQ(empty, RedactSavedRegistry(R"(["canary"])"));
    }
  }
}
