// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Base64.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  TEST(Base64, VectorsOfTheStandard)
  {
    EXPECT_EQ("", DecodeBase64(""));
    EXPECT_EQ("f", DecodeBase64("Zg=="));
    EXPECT_EQ("fo", DecodeBase64("Zm8="));
    EXPECT_EQ("foo", DecodeBase64("Zm9v"));
    EXPECT_EQ("foob", DecodeBase64("Zm9vYg=="));
    EXPECT_EQ("fooba", DecodeBase64("Zm9vYmE="));
    EXPECT_EQ("foobar", DecodeBase64("Zm9vYmFy"));
    EXPECT_EQ(std::string("\xff\xfe\x00\xfb", 4), DecodeBase64("//4A+w=="));
  }

  TEST(Base64, Encodes)
  {
    EXPECT_EQ("", EncodeBase64(""));
    EXPECT_EQ("Zg==", EncodeBase64("f"));
    EXPECT_EQ("Zm8=", EncodeBase64("fo"));
    EXPECT_EQ("Zm9v", EncodeBase64("foo"));
    EXPECT_EQ("Zm9vYmFy", EncodeBase64("foobar"));
    EXPECT_EQ("//4A+w==", EncodeBase64(std::string("\xff\xfe\x00\xfb", 4)));
  }

  TEST(Base64, Malformed)
  {
    for (const char* text : {"Z", "Zg", "Zg=", "Zm9v====", "=Zg=", "Z===", "====", "Zm9v\n", "Zm9 ",
                             "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "Zm9v=A=="})
    {
      EXPECT_FALSE(DecodeBase64(text)) << text;
    }
  }
}
