// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryPaths.h"

#include <gtest/gtest.h>

namespace OrthancRegistry::Testing
{
  TEST(DirectoryPathsTest, WhatReadsAList)
  {
    DirectoryConfiguration both;
    both.areModalitiesShared = true;
    both.arePeersShared = true;
    for (const auto& path :
         {"/modalities", "/modalities/a", "/modalities/a/store", "/peers", "/peers/p/system",
          "/queries/1/retrieve", "/cluster/directory", "/cluster/submit/modalities/a/store"})
    {
      EXPECT_TRUE(DirectoryPaths::MayRead(both, path)) << path;
    }
    for (const auto& path : {"/", "/system", "/modalitiesx", "/studies/modalities", "/cluster/replicas", ""})
    {
      EXPECT_FALSE(DirectoryPaths::MayRead(both, path)) << path;
    }
    DirectoryConfiguration peers;
    peers.arePeersShared = true;
    EXPECT_FALSE(DirectoryPaths::MayRead(peers, "/modalities"));
    EXPECT_TRUE(DirectoryPaths::MayRead(peers, "/peers"));
    EXPECT_FALSE(DirectoryPaths::MayRead(DirectoryConfiguration(), "/queries"));
  }

  TEST(DirectoryPathsTest, Entries)
  {
    DirectoryConfiguration modalities;
    modalities.areModalitiesShared = true;
    EXPECT_TRUE(DirectoryPaths::IsEntry(modalities, "/modalities/a"));
    EXPECT_FALSE(DirectoryPaths::IsEntry(modalities, "/modalities"));
    EXPECT_FALSE(DirectoryPaths::IsEntry(modalities, "/modalities/a/echo"));
    EXPECT_FALSE(DirectoryPaths::IsEntry(modalities, "/peers/a"));
  }
}
