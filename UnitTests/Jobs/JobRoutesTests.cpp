// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobRoutes.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobBody.h"

#include <gtest/gtest.h>

#include <regex>

namespace OrthancRegistry
{
  namespace
  {
    // How many of the registered patterns match a whole path
    int CountMatches(const std::string& path, bool hasPatients = true)
    {
      int count = 0;
      for (const auto& pattern : GetJobRoutePatterns(hasPatients))
      {
        count += std::regex_match(path, std::regex(pattern)) ? 1 : 0;
      }
      return count;
    }

    struct RouteCase
    {
      const char* path;
      JobRouteKind kind;
      const char* type;
      const char* resource;
      const char* destination;
    };

    const RouteCase ROUTES[] = {
        {"/patients/p/modify", JobRouteKind::Modify, "ResourceModification", "p", ""},
        {"/patients/p/anonymize", JobRouteKind::Anonymize, "ResourceModification", "p", ""},
        {"/studies/s/modify", JobRouteKind::Modify, "ResourceModification", "s", ""},
        {"/studies/s/anonymize", JobRouteKind::Anonymize, "ResourceModification", "s", ""},
        {"/series/x/modify", JobRouteKind::Modify, "ResourceModification", "x", ""},
        {"/series/x/anonymize", JobRouteKind::Anonymize, "ResourceModification", "x", ""},
        {"/tools/bulk-modify", JobRouteKind::BulkModify, "ResourceModification", "", ""},
        {"/tools/bulk-anonymize", JobRouteKind::BulkAnonymize, "ResourceModification", "", ""},
        {"/studies/s/split", JobRouteKind::Split, "SplitStudy", "s", ""},
        {"/studies/s/merge", JobRouteKind::Merge, "MergeStudy", "s", ""},
        {"/modalities/pacs/store", JobRouteKind::ModalityStore, "DicomModalityStore", "", "pacs"},
        {"/modalities/pacs/move", JobRouteKind::ModalityMove, "DicomMoveScu", "", "pacs"},
        {"/modalities/pacs/get", JobRouteKind::ModalityGet, "DicomGetScu", "", "pacs"},
        {"/peers/other/store", JobRouteKind::PeerStore, "OrthancPeerStore", "", "other"},
    };

    const char* const OTHER_PATHS[] = {
        "/",
        "/studies",
        "/studies/s",
        "/studies/s/archive",
        "/studies/s/media",
        "/studies/s/modify/more",
        "/studies//modify",
        "studies/s/modify",
        "/instances/i/modify",
        "/instances/i/anonymize",
        "/series/x/split",
        "/patients/p/merge",
        "/tools/bulk-delete",
        "/tools/create-archive",
        "/modalities/pacs/store-straight",
        "/modalities/pacs/echo",
        "/modalities/pacs/query",
        "/queries/q/retrieve",
        "/queries/q/answers/0/retrieve",
        "/peers/other/store-straight",
        "/peers/other/move",
    };
  }

  TEST(JobRoutes, EveryRouteIsKnownAndMatchedOnce)
  {
    for (const auto& expected : ROUTES)
    {
      SCOPED_TRACE(expected.path);
      const auto route = ParseJobRoute(expected.path);
      ASSERT_TRUE(route.has_value());
      EXPECT_EQ(expected.kind, route->kind);
      EXPECT_STREQ(expected.type, GetJobType(route->kind));
      EXPECT_EQ(expected.resource, route->resource);
      EXPECT_EQ(expected.destination, route->destination);
      EXPECT_EQ(1, CountMatches(expected.path));
    }
  }

  TEST(JobRoutes, OtherPathsRemainWithTheCore)
  {
    for (const char* path : OTHER_PATHS)
    {
      SCOPED_TRACE(path);
      EXPECT_FALSE(ParseJobRoute(path).has_value());
      EXPECT_EQ(0, CountMatches(path));
    }
    EXPECT_FALSE(ParseArchiveRoute("/studies/s/modify"));
    EXPECT_FALSE(ParseArchiveRoute("/instances/i/archive"));
    EXPECT_FALSE(ParseArchiveRoute("/tools/create-dicom"));
    EXPECT_TRUE(MayBodyBeList(ParseArchiveRoute("/tools/create-archive")->kind));
    EXPECT_FALSE(MayBodyBeList(ParseArchiveRoute("/studies/s/archive")->kind));
  }

  TEST(JobRoutes, LevelsOfResources)
  {
    EXPECT_EQ(ResourceLevel::Patient, ParseJobRoute("/patients/p/modify")->level);
    EXPECT_EQ(ResourceLevel::Study, ParseJobRoute("/studies/s/modify")->level);
    EXPECT_EQ(ResourceLevel::Series, ParseJobRoute("/series/x/modify")->level);
  }

  TEST(JobRoutes, PatientsCanBeAbsent)
  {
    EXPECT_EQ(0, CountMatches("/patients/p/modify", false));
    EXPECT_EQ(1, CountMatches("/studies/s/modify", false));
  }

  TEST(JobBody, Identifiers)
  {
    EXPECT_TRUE(IsPublicId("66c8e41e-ac3a9029-0b85e42a-8195ee0a-92c2e62e"));
    EXPECT_FALSE(IsPublicId("66c8e41e-ac3a9029-0b85e42a-8195ee0a-92c2e62"));
    EXPECT_FALSE(IsPublicId("66c8e41e-ac3a9029-0b85e42a-8195ee0a_92c2e62e"));
    EXPECT_FALSE(IsPublicId("66c8e41e-ac3a9029-0b85e42a-8195ee0a-92c2e62'"));
    EXPECT_FALSE(IsPublicId(""));
  }

  TEST(JobBody, BecomesAsynchronous)
  {
    EXPECT_EQ(R"({"Asynchronous":true,"Force":true})",
              MakeAsynchronousBody(R"({"Force":true,"Synchronous":true})", false));
    EXPECT_EQ(R"({"Asynchronous":true})", MakeAsynchronousBody(R"({"Asynchronous":false})", false));

    const std::string id = "66c8e41e-ac3a9029-0b85e42a-8195ee0a-92c2e62e";
    const std::string expected = R"({"Asynchronous":true,"Resources":[")" + id + R"("]})";
    EXPECT_EQ(expected, MakeAsynchronousBody(" " + id + "\n", true));
    EXPECT_EQ(expected, MakeAsynchronousBody("\"" + id + "\"", true));
    EXPECT_EQ(expected, MakeAsynchronousBody("[\"" + id + "\"]", true));
    EXPECT_EQ(expected, MakeAsynchronousBody("{\"Resources\" : [\"" + id + "\"]}", true));

    // The core refuses these
    EXPECT_EQ("nonsense", MakeAsynchronousBody("nonsense", true));
    EXPECT_EQ("[]", MakeAsynchronousBody("[]", false));
    EXPECT_EQ("", MakeAsynchronousBody("", false));
  }

  TEST(JobBody, LenientButNotDeep)
  {
    Json::Value value;
    EXPECT_TRUE(ParseJobBody(value, "{ /* why */ \"Force\": true }", false));
    EXPECT_TRUE(value["Force"].asBool());
    EXPECT_FALSE(ParseJobBody(value, std::string(5000, '[') + std::string(5000, ']'), false));
  }
}
