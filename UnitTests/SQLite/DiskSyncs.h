// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

// What this process really asks the disk to keep: its fdatasync() counts those of write-ahead logs.
namespace OrthancRegistry::Testing::DiskSyncs
{
  uint64_t CountOfLogs();

  // As long as it lives, all of them fail.
  class Failing
  {
  public:
    Failing();
    ~Failing();

    Failing(const Failing&) = delete;
    Failing& operator=(const Failing&) = delete;
  };
}
