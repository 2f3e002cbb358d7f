// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectorySync.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds WAIT_FOR_MORE{50};
    constexpr int MAXIMUM_ROUNDS = 5; // in one turn, of putting strays in order

    RetryPolicy OneRetry()
    {
      RetryPolicy policy;
      policy.maximumRetries = 1;
      return policy;
    }
  }

  DirectorySync::DirectorySync(const DirectoryConfiguration& configuration, const ReplicaIdentity& identity,
                               IDatabase& database, const DirectoryStore& store, DirectoryMirrors& mirrors,
                               ICoreLists& core, std::chrono::milliseconds interval)
      : configuration_(configuration), database_(database), store_(store), mirrors_(mirrors),
        applier_(core, database, identity, configuration.isReadOnly), interval_(interval),
        task_("Synchronization of modalities and peers",
              [this]
              {
                return RunTurn();
              })
  {
  }

  DirectorySync::~DirectorySync()
  {
    Stop();
  }

  void DirectorySync::Start()
  {
    if (isStarted_)
    {
      return;
    }
    const std::lock_guard lock(lifeMutex_);
    const bool areLoaded =
        std::ranges::all_of(DIRECTORY_KINDS,
                            [this](DirectoryKind kind)
                            {
                              return !IsShared(configuration_, kind) || GetMirror(mirrors_, kind).IsLoaded();
                            });
    if (!isStopped_ && areLoaded)
    {
      task_.Start();
      isStarted_ = true;
    }
  }

  void DirectorySync::Quit()
  {
    isStopped_ = true;
  }

  void DirectorySync::Stop()
  {
    const std::lock_guard lock(lifeMutex_);
    isStopped_ = true;
    task_.Stop();
  }

  void DirectorySync::Wake()
  {
    task_.Wake();
  }

  void DirectorySync::OnVersion(DirectoryKind kind, int64_t version)
  {
    if (version != GetMirror(mirrors_, kind).GetVersion())
    {
      task_.Wake();
    }
  }

  void DirectorySync::Doubt()
  {
    for (DirectoryMirror& mirror : mirrors_)
    {
      mirror.Doubt();
    }
    task_.Wake();
  }

  bool DirectorySync::EnsureFresh()
  {
    Start();
    const std::chrono::milliseconds patience(configuration_.patienceMilliseconds);
    if (!isStarted_ || isStopped_ || HasHungFor(patience) || !RunNow(patience) || isFailing_)
    {
      ReportStale();
      return false;
    }
    return true;
  }

  // A turn that somebody has waited for in vain is not waited for again, though it may have begun a moment
  // later.
  bool DirectorySync::RunNow(std::chrono::milliseconds patience)
  {
    if (task_.RunNow(patience))
    {
      return true;
    }
    if (HasHungFor(patience / 2))
    {
      hungTurn_ = turnBegan_.load();
    }
    return false;
  }

  bool DirectorySync::HasHungFor(std::chrono::milliseconds time) const
  {
    const Clock::rep began = turnBegan_;
    return began != 0 &&
           (began == hungTurn_ || Clock::now() - Clock::time_point(Clock::duration(began)) >= time);
  }

  void DirectorySync::ReportStale()
  {
    if (isStarted_ && !isStopped_ && !isStaleReported_.exchange(true))
    {
      LogWarning(
          "The database does not answer: requests are served with the modalities and peers as they were "
          "known last");
    }
  }

  std::chrono::milliseconds DirectorySync::RunTurn()
  {
    turnBegan_ = Clock::now().time_since_epoch().count();
    try
    {
      const bool isDone = Synchronize();
      turnBegan_ = 0;
      isFailing_ = false;
      if (isStaleReported_.exchange(false))
      {
        LogWarning("The modalities and peers are up to date again");
      }
      return isDone ? interval_ : WAIT_FOR_MORE;
    }
    catch (...)
    {
      isFailing_ = true;
      turnBegan_ = 0;
      throw;
    }
  }

  bool DirectorySync::Synchronize()
  {
    if (isStopped_)
    {
      return true;
    }
    const auto versions = RunTransaction(
        database_, AccessMode::ReadOnly,
        [](Transaction& transaction)
        {
          return DirectoryStore::GetVersions(transaction);
        },
        OneRetry());
    bool isDone = true;
    for (const auto& [kind, version] : versions)
    {
      const bool isKnown = std::ranges::find(DIRECTORY_KINDS, kind) != DIRECTORY_KINDS.end();
      if (isKnown && IsShared(configuration_, kind)) // a newer plugin may have more lists
      {
        isDone = SynchronizeList(kind, version) && isDone;
      }
    }
    return isDone;
  }

  // Answers false if there is still something to do.
  bool DirectorySync::SynchronizeList(DirectoryKind kind, int64_t version)
  {
    DirectoryMirror& mirror = GetMirror(mirrors_, kind);
    if (version != mirror.GetVersion())
    {
      applier_.Begin();
      const auto changed = RunTransaction(
          database_, AccessMode::ReadOnly,
          [&](Transaction& transaction)
          {
            return store_.ReadSince(transaction, kind, mirror.GetVersion());
          },
          OneRetry());
      for (const DirectoryEntry& entry : changed.entries)
      {
        if (isStopped_)
        {
          return true;
        }
        applier_.Apply(mirror, kind, entry, false);
      }
      const int64_t former = mirror.GetVersion();
      mirror.SetVersion(changed.version);
      if (!configuration_.isReadOnly && DirectoryHistory::IsPruneDue(former, changed.version))
      {
        DirectoryHistory::Prune(database_, configuration_.historySize);
      }
    }

    for (int round = 0; round < MAXIMUM_ROUNDS && !isStopped_; round++)
    {
      // A core that cannot save its list has no other way to change it than this one.
      const bool isInDoubt = mirror.IsInDoubt() && !configuration_.isReadOnly;
      if (isInDoubt)
      {
        applier_.Begin();
        applier_.Reveal(mirror, kind);
      }
      const auto strays = mirror.GetStrays();
      if (strays.empty() && (configuration_.isReadOnly || !mirror.IsInDoubt()))
      {
        return true;
      }
      const auto rows = RunTransaction(
          database_, AccessMode::ReadOnly,
          [&](Transaction& transaction)
          {
            return store_.ReadNamed(transaction, kind, strays);
          },
          OneRetry());
      for (const DirectoryEntry& entry : rows)
      {
        applier_.Apply(mirror, kind, entry, true);
      }
    }
    return false;
  }
}
