// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/ChildProcess.h"

#include "UnitTests/Waiting.h"

#include <csignal>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace OrthancRegistry::Testing
{
  StartingGate::StartingGate()
  {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
    {
      throw std::runtime_error("Cannot create a pipe");
    }
    input_ = ends[0];
    output_ = ends[1];
  }

  StartingGate::~StartingGate()
  {
    Open();
    close(input_);
  }

  void StartingGate::Open()
  {
    if (output_ >= 0)
    {
      close(output_);
      output_ = -1;
    }
  }

  ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const StartingGate& gate)
  {
    std::vector<std::string> words = {"UnitTests", "--child"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words)
    {
      pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, gate.GetInput(), STDIN_FILENO);
    const int code = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
    {
      throw std::runtime_error("Cannot start a child process");
    }
  }

  ChildProcess::~ChildProcess()
  {
    if (pid_ > 0)
    {
      Kill();
      waitpid(pid_, nullptr, 0);
    }
  }

  void ChildProcess::Kill()
  {
    kill(pid_, SIGKILL);
  }

  int ChildProcess::Wait()
  {
    int status = 0;
    const auto hasEnded = [&]
    {
      return waitpid(pid_, &status, WNOHANG) == pid_;
    };
    if (!WaitUntil(hasEnded, std::chrono::minutes(1)))
    {
      return -1;
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
}
