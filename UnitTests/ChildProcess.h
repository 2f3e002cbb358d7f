// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace OrthancRegistry::Testing
{
  // Holds children back until all of them have been started: they wait for the end of a pipe.
  class StartingGate
  {
  public:
    StartingGate();
    ~StartingGate();

    StartingGate(const StartingGate&) = delete;
    StartingGate& operator=(const StartingGate&) = delete;

    int GetInput() const
    {
      return input_;
    }

    void Open();

  private:
    int input_ = -1;
    int output_ = -1;
  };

  // This executable once more, as another process that runs one of the modes of ChildModes.h. Killed by the
  // destructor if it still runs.
  class ChildProcess
  {
  public:
    ChildProcess(const std::vector<std::string>& arguments, const StartingGate& gate);
    ~ChildProcess();

    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // The exit code; -1 if it was killed, or does not end within a minute.
    int Wait();

    void Kill();

  private:
    pid_t pid_;
  };
}
