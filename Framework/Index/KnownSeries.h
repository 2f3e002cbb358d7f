// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

#include <chrono>
#include <deque>
#include <map>
#include <mutex>

namespace OrthancRegistry
{
  // The series in which this replica has lately created instances, and internal ids for the next ones: with
  // both, an instance is created by the round trip that commits it, and the lock of its patient is held for
  // no other one.
  //
  // Others may have deleted the series, or stored the instance, since. The server finds out (ILateCreation),
  // and the core runs the transaction again, this time asking first. To make that rare, an instance is only
  // expected to be new if the thread that stores it has just found that it is not there. Thread-safe.
  class KnownSeries
  {
  public:
    // The calling thread has found that there is no such resource. The last one counts.
    static void NoteAbsent(const std::string& publicId);

    // Whether that was this one. True once only.
    static bool TakeAbsent(const std::string& publicId);

    // What the creation of an instance in that series will come to. Nothing if it has to be asked for;
    // otherwise one of the ids is used up.
    std::optional<CreatedInstance> Expect(const std::string& series);

    // Instances have been committed there.
    void Remember(const std::string& series, const CreatedInstance& created);

    void Forget(const std::string& series);

    // A transaction that expected something there has failed: neither the series nor the ids are relied on.
    void Distrust(const std::string& series);

    // How many ids are worth to be reserved now: more if the last ones have been used up, fewer if not.
    size_t CountIdsToReserve();

    // Replaces the ids that are left by higher ones, so that instances which come one after the other have
    // ascending ids.
    void SetIds(const std::vector<int64_t>& ids);

  private:
    using Clock = std::chrono::steady_clock;

    struct Parents
    {
      int64_t patient = 0;
      int64_t study = 0;
      int64_t series = 0;
    };

    std::mutex mutex_;
    std::map<std::string, Parents> series_;
    std::deque<int64_t> ids_;
    size_t count_ = 0; // of ids at once
    Clock::time_point idsEnd_;
  };
}
