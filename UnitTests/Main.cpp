// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/ChildModes.h"

#include <gtest/gtest.h>

int main(int argc, char** argv)
{
  if (argc > 2 && std::string_view(argv[1]) == "--child")
  {
    return OrthancRegistry::Testing::RunChildMode({argv + 2, argv + argc});
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
