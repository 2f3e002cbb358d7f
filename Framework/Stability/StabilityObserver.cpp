// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/StabilityObserver.h"

#include "Framework/Stability/StabilityScopes.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    // After that time, the messages of the others have told the core anyway
    constexpr std::chrono::milliseconds CORE_PATIENCE(400);

    // Types of changes in the database
    constexpr int STABLE_PATIENT = 12;
    constexpr int STABLE_SERIES = 14;

    enum class Scope
    {
      None,
      Silent,
      Decision
    };

    struct ThreadState
    {
      Scope scope = Scope::None;
      int64_t decided = 0; // resource of the decision
      bool hasLogged = false;

      bool hasRead = false;  // has looked up in a transaction that only reads: not the timer
      int64_t lastRead = 0;  // the last resource it has so looked up
      bool isTimer = false;  // the timer of the core, once it has ended
      int64_t permitted = 0; // resource that this thread's current transaction may log
    };

    thread_local ThreadState state;
  }

  SilentScope::SilentScope()
  {
    state.scope = Scope::Silent;
  }

  SilentScope::~SilentScope()
  {
    state.scope = Scope::None;
  }

  DecisionScope::DecisionScope(int64_t id)
  {
    state.scope = Scope::Decision;
    state.decided = id;
    state.hasLogged = false;
  }

  DecisionScope::~DecisionScope()
  {
    state.scope = Scope::None;
  }

  bool DecisionScope::HasLogged() const
  {
    return state.hasLogged;
  }

  StabilityObserver::StabilityObserver(const StabilityTimes& times, std::shared_ptr<StabilityTracker> tracker)
      : times_(times), tracker_(std::move(tracker))
  {
  }

  void StabilityObserver::OnInstanceCreated(IndexTransaction& transaction, const InstancePath& path,
                                            const CreatedInstance& created)
  {
    UnstableParents parents = {UnstableResource{created.patientId, ResourceLevel::Patient, path.patient},
                               UnstableResource{created.studyId, ResourceLevel::Study, path.study},
                               UnstableResource{created.seriesId, ResourceLevel::Series, path.series}};
    std::ranges::sort(parents, {}, &UnstableResource::id);
    const bool isRecorded = tracker_->AreRecorded(parents);
    if (!isRecorded)
    {
      UnstableTable::Record(transaction.transaction, parents);
    }
    transaction.endHandlers.emplace_back(
        [tracker = tracker_, parents = std::move(parents), isRecorded](bool isCommitted)
        {
          if (isCommitted)
          {
            tracker->OnInstance(parents, !isRecorded);
          }
        });
  }

  // The core answers IsStable from its memory after this transaction, and the message of the replica that has
  // just received something may still be on its way.
  void StabilityObserver::OnFind(IndexTransaction& transaction, ResourceLevel level)
  {
    if (level == ResourceLevel::Instance || state.scope != Scope::None)
    {
      return;
    }
    const auto recent = std::make_shared<std::vector<UnstableResource>>();
    UnstableTable::ReadRecentLater(transaction.transaction, times_.news,
                                   [recent](UnstableResource resource)
                                   {
                                     recent->push_back(std::move(resource));
                                   });
    transaction.endHandlers.emplace_back(
        [tracker = tracker_, recent](bool /*isCommitted*/)
        {
          tracker->EnsureCoreKnows(*recent, CORE_PATIENCE);
        });
  }

  StabilityObserver::Answer StabilityObserver::Ask(IndexTransaction& transaction, int64_t id,
                                                   std::chrono::microseconds quiet) const
  {
    const auto row = UnstableTable::Lock(transaction.transaction, id);
    if (!row)
    {
      return Answer::Unknown;
    }
    return row->quiet >= quiet ? Answer::Due : Answer::NotDue;
  }

  // A timer knows the instances of its own core only.
  bool StabilityObserver::IsTimerRight(IndexTransaction& transaction, int64_t id) const
  {
    switch (Ask(transaction, id, times_.timerAge))
    {
    case Answer::Due:
      return true;
    case Answer::NotDue:
      tracker_->OnMarkLost(id);
      return false;
    default:
      // Logged already; or somebody has forced the status to "unstable", as on a single Orthanc
      return !tracker_->IsKnown(id);
    }
  }

  bool StabilityObserver::IsHidden(IndexTransaction& transaction, int64_t resourceId)
  {
    if (transaction.mode == AccessMode::ReadOnly)
    {
      state.hasRead = true;
      state.lastRead = resourceId;
      return false;
    }
    bool isPermitted = false;
    switch (state.scope)
    {
    case Scope::Silent:
      return true;
    case Scope::Decision:
      isPermitted = resourceId == state.decided && Ask(transaction, resourceId, times_.dueAge) == Answer::Due;
      break;
    default:
      if (!state.isTimer)
      {
        return false;
      }
      isPermitted = IsTimerRight(transaction, resourceId);
      break;
    }
    state.permitted = isPermitted ? resourceId : 0;
    return !isPermitted;
  }

  bool StabilityObserver::MayLogChange(IndexTransaction& transaction, int changeType, int64_t resourceId)
  {
    if (changeType < STABLE_PATIENT || changeType > STABLE_SERIES)
    {
      return true;
    }
    bool mayLog = std::exchange(state.permitted, 0) == resourceId;
    if (!mayLog && state.hasRead && std::exchange(state.lastRead, 0) == resourceId)
    {
      // Forced, unless another replica has logged it at the same time
      mayLog = Ask(transaction, resourceId, {}) != Answer::Unknown || !tracker_->IsKnown(resourceId);
    }
    else if (!mayLog)
    {
      state.isTimer = !state.hasRead;
      mayLog = IsTimerRight(transaction, resourceId);
    }
    if (mayLog)
    {
      Take(transaction, resourceId);
    }
    return mayLog;
  }

  void StabilityObserver::Take(IndexTransaction& transaction, int64_t id) const
  {
    UnstableTable::Remove(transaction.transaction, id);
    transaction.endHandlers.emplace_back(
        [tracker = tracker_, id](bool isCommitted)
        {
          if (isCommitted)
          {
            state.hasLogged = true;
            tracker->OnLogged(id);
          }
        });
  }
}
