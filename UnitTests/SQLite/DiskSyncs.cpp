// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/SQLite/DiskSyncs.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace
{
  std::atomic<uint64_t> logs = 0;
  std::atomic<bool> isFailing = false;

  bool IsLog(int file)
  {
    std::array<char, 4096> path = {};
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    const ssize_t size = readlink(link.c_str(), path.data(), path.size());
    return size > 0 && std::string_view(path.data(), static_cast<size_t>(size)).ends_with("-wal");
  }
}

// Takes the place of the one of libc for the whole process, libraries included.
extern "C" __attribute__((visibility("default"))) int fdatasync(int file)
{
  if (IsLog(file))
  {
    logs++;
    if (isFailing)
    {
      errno = EIO;
      return -1;
    }
  }
  return static_cast<int>(syscall(SYS_fdatasync, file));
}

namespace OrthancRegistry::Testing::DiskSyncs
{
  uint64_t CountOfLogs()
  {
    return logs;
  }

  Failing::Failing()
  {
    isFailing = true;
  }

  Failing::~Failing()
  {
    isFailing = false;
  }
}
