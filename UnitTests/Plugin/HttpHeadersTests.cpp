// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/HttpFileName.h"
#include "Framework/Plugin/RequestFilter.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  TEST(HttpFileName, Parsed)
  {
    EXPECT_EQ("Study 1.zip", ParseFileName("filename=\"Study 1.zip\""));
    EXPECT_EQ("a.zip", ParseFileName("attachment; filename=a.zip ; size=3"));
    EXPECT_EQ("a.zip", ParseFileName("attachment; filename=\"a.zip\"; size=3"));
    EXPECT_EQ("", ParseFileName("inline"));
    EXPECT_EQ("", ParseFileName("filename="));
  }

  TEST(HttpFileName, CannotEndTheHeader)
  {
    EXPECT_EQ("filename=\"Study 1.zip\"", FormatFileName("Study 1.zip"));
    EXPECT_EQ("filename=\"aSet-Cookie: b\"", FormatFileName("a\"\r\n\\Set-Cookie: b\x7f\t"));
    EXPECT_EQ("filename=\"Étude.zip\"", FormatFileName("Étude.zip"));
    EXPECT_EQ(1024u + 11, FormatFileName(std::string(5000, 'a')).size());
  }

  TEST(RequestFilter, UserOfBasicAuthentication)
  {
    using RequestFilter::ParseBasicUser;
    EXPECT_EQ("alice", ParseBasicUser("Basic YWxpY2U6c2VjcmV0"));      // alice:secret
    EXPECT_EQ("alice", ParseBasicUser("basic  YWxpY2U6c2U6Y3JldA==")); // alice:se:cret
    EXPECT_EQ("", ParseBasicUser("Basic YWxpY2U="));                   // no colon
    EXPECT_EQ("", ParseBasicUser("Basic YWxpY2U6c2VjcmV0!"));
    EXPECT_EQ("", ParseBasicUser("Bearer YWxpY2U6c2VjcmV0"));
    EXPECT_EQ("", ParseBasicUser("Basic"));
    EXPECT_EQ("", ParseBasicUser("Basic "));
    EXPECT_EQ("", ParseBasicUser(""));
    EXPECT_EQ("?", ParseBasicUser("Basic /zpzZWNyZXQ=")); // not UTF-8
  }
}
