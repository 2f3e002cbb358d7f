// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Compression.h"

#include "Framework/Common/Errors.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  TEST(Compression, RoundTrip)
  {
    for (const std::string& text : {std::string(), std::string("short"), std::string(300000, 'a')})
    {
      EXPECT_EQ(text, Decompress(Compress(text), text.size()));
    }
    EXPECT_LT(Compress(std::string(300000, 'a')).size(), 3000u);
  }

  TEST(Compression, NeverMoreThanTheLimit)
  {
    const std::string bomb = Compress(std::string(size_t{50} * 1024 * 1024, '\0'));
    EXPECT_LT(bomb.size(), 300000u);
    EXPECT_THROW(Decompress(bomb, 1000000), RegistryError);
    const std::string packed = Compress("twelve bytes");
    EXPECT_NO_THROW(Decompress(packed, 12));
    EXPECT_THROW(Decompress(packed, 11), RegistryError);
  }

  TEST(Compression, DamagedDataIsRefused)
  {
    const std::string packed = Compress(std::string(100000, 'x') + "end");
    EXPECT_THROW(Decompress("", 10), RegistryError);
    EXPECT_THROW(Decompress("no such data", 1000), RegistryError);
    EXPECT_THROW(Decompress(packed.substr(0, packed.size() / 2), 1000000), RegistryError);
    std::string changed = packed;
    changed.back() = static_cast<char>(changed.back() + 1); // of the checksum
    EXPECT_THROW(Decompress(changed, 1000000), RegistryError);
  }
}
