// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/WriterTurns.h"

#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    constexpr std::chrono::milliseconds TURN(5); // long enough that the cost of changing turns is small
    constexpr std::chrono::milliseconds LONGEST_PAUSE(2);
    constexpr std::chrono::microseconds LOOK_INTERVAL(50);

    struct flock MakeLock(short type)
    {
      struct flock lock = {};
      lock.l_type = type;
      lock.l_whence = SEEK_SET;
      lock.l_start = 0;
      lock.l_len = 1;
      return lock;
    }
  }

  WriterTurns::Waiting::Waiting(WriterTurns& turns) : turns_(turns)
  {
    turns_.SetLock(F_RDLCK);
  }

  WriterTurns::Waiting::~Waiting()
  {
    turns_.SetLock(F_UNLCK);
    turns_.begin_ = Clock::now();
  }

  WriterTurns::WriterTurns(const std::string& databasePath)
      : file_(open((databasePath + "-turns").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644))
  {
  }

  WriterTurns::~WriterTurns()
  {
    if (file_ >= 0)
    {
      close(file_);
    }
  }

  // Locks of this kind belong to the open file, not to the process: those of two databases in one process
  // do not mix, and closing another descriptor of the file drops nothing.
  void WriterTurns::SetLock(short type) const
  {
    struct flock lock = MakeLock(type);
    fcntl(file_, F_OFD_SETLK, &lock);
  }

  bool WriterTurns::IsAnotherWaiting() const
  {
    struct flock lock = MakeLock(F_WRLCK);
    return fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  }

  void WriterTurns::MakeRoom()
  {
    if (Clock::now() - begin_ < TURN || !IsAnotherWaiting())
    {
      return;
    }
    const auto end = Clock::now() + LONGEST_PAUSE;
    do
    {
      std::this_thread::sleep_for(LOOK_INTERVAL);
    } while (Clock::now() < end && IsAnotherWaiting());
    begin_ = Clock::now();
  }
}
