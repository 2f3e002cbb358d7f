// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string>

namespace OrthancRegistry::SQLite
{
  // Courtesy between the processes that write to one file. The only lock is SQLite's, which a waiting process
  // has to try for again and again; so one that writes all the time would hardly ever let it in. Here a
  // process shows that it waits, by a shared lock on a file beside the database (which vanishes with the
  // process), and one that has written for a while makes room. Without that file there is no courtesy, and
  // nothing else changes. Used by the thread that writes.
  class WriterTurns
  {
  public:
    // As long as it lives, other processes see that this one waits.
    class Waiting
    {
    public:
      explicit Waiting(WriterTurns& turns);
      ~Waiting();

      Waiting(const Waiting&) = delete;
      Waiting& operator=(const Waiting&) = delete;

    private:
      WriterTurns& turns_;
    };

    explicit WriterTurns(const std::string& databasePath);
    ~WriterTurns();

    WriterTurns(const WriterTurns&) = delete;
    WriterTurns& operator=(const WriterTurns&) = delete;

    // Before a transaction
    void MakeRoom();

  private:
    using Clock = std::chrono::steady_clock;

    void SetLock(short type) const;
    bool IsAnotherWaiting() const;

    int file_;
    Clock::time_point begin_; // this process has had its turn since then
  };
}
