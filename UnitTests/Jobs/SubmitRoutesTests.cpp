// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SubmitRoutes.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    const SubmitRoutes ROUTES({"/dicom-web/servers/*/stow", "/transfers/send", "/*/*"}, true);
  }

  TEST(SubmitRoutes, RoutesOfTheCore)
  {
    const struct
    {
      const char* path;
      JobRouteKind kind;
      const char* type;
      const char* resource;
    } cases[] = {{"/studies/s/modify", JobRouteKind::Modify, "ResourceModification", "s"},
                 {"/modalities/m/store", JobRouteKind::ModalityStore, "DicomModalityStore", ""},
                 {"/patients/p/archive", JobRouteKind::Archive, "Archive", "p"},
                 {"/studies/s/archive", JobRouteKind::Archive, "Archive", "s"},
                 {"/series/x/archive", JobRouteKind::Archive, "Archive", "x"},
                 {"/studies/s/media", JobRouteKind::Media, "Media", "s"},
                 {"/tools/create-archive", JobRouteKind::BulkArchive, "Archive", ""},
                 {"/tools/create-media", JobRouteKind::BulkMedia, "Media", ""},
                 {"/tools/create-media-extended", JobRouteKind::BulkMedia, "Media", ""}};
    for (const auto& expected : cases)
    {
      SCOPED_TRACE(expected.path);
      const auto route = ROUTES.Find(expected.path);
      ASSERT_TRUE(route);
      EXPECT_EQ(expected.kind, route->kind);
      EXPECT_STREQ(expected.type, GetJobType(route->kind));
      EXPECT_EQ(expected.resource, route->resource);
    }
    EXPECT_EQ(ResourceLevel::Series, ROUTES.Find("/series/x/archive")->level);
  }

  TEST(SubmitRoutes, RoutesOfPlugins)
  {
    const SubmitRoutes routes({"/dicom-web/servers/*/stow", "/transfers/send"}, true);
    for (const char* path : {"/dicom-web/servers/a/stow", "/dicom-web/servers/b c/stow", "/transfers/send"})
    {
      const auto route = routes.Find(path);
      ASSERT_TRUE(route) << path;
      EXPECT_EQ(JobRouteKind::Plugin, route->kind);
      EXPECT_STREQ("Plugin", GetJobType(route->kind));
    }
    for (const char* path :
         {"/dicom-web/servers/a/b/stow", "/dicom-web/servers/stow", "/dicom-web/servers/a/stow/",
          "/dicom-web/servers//stow", "/dicom-web/servers/../stow", "/dicom-web/servers/./stow",
          "/dicom-web/servers/a%2Fb/stow", "/dicom-web/servers/a?b/stow", "/dicom-web/servers/a#b/stow",
          "/dicom-web/servers/a\\b/stow", "/dicom-web/servers/a;b/stow", "/dicom-web/servers/a\nb/stow",
          "/dicom-web/servers/a\xff/stow", "/dicom-web/servers/a/stowaway", "/Transfers/send",
          "transfers/send", "//transfers/send", "/transfers/send/more"})
    {
      EXPECT_FALSE(routes.Find(path)) << path;
    }
  }

  TEST(SubmitRoutes, NothingElse)
  {
    const SubmitRoutes none({}, true);
    for (const char* path : {"",
                             "/",
                             "/instances",
                             "/studies/s",
                             "/tools/reset",
                             "/tools/execute-script",
                             "/tools/create-dicom",
                             "/tools/bulk-delete",
                             "/instances/i/modify",
                             "/instances/i/archive",
                             "/modalities/m/store-straight",
                             "/modalities/m",
                             "/queries/q/retrieve",
                             "/studies/s/archive/x",
                             "/studies/../archive",
                             "/studies//archive",
                             "/jobs/j/cancel",
                             "/cluster/submit/tools/create-archive",
                             "/studies/a?b/archive",
                             "/transfers/send"})
    {
      EXPECT_FALSE(none.Find(path)) << path;
    }
  }

  TEST(SubmitRoutes, NeverTheRegistryItself)
  {
    EXPECT_TRUE(ROUTES.Find("/some/route"));
    EXPECT_FALSE(ROUTES.Find("/jobs/route"));
    EXPECT_FALSE(ROUTES.Find("/cluster/submit"));
  }

  TEST(SubmitRoutes, PatientsCanBeAbsent)
  {
    const SubmitRoutes routes({}, false);
    EXPECT_FALSE(routes.Find("/patients/p/archive"));
    EXPECT_FALSE(routes.Find("/patients/p/modify"));
    EXPECT_TRUE(routes.Find("/studies/s/archive"));
  }
}
