// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Stability/StabilityService.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/Time.h"
#include "Framework/Database/Retry.h"
#include "Framework/Index/Changes.h"
#include "Framework/Stability/StabilityMessages.h"
#include "Framework/Stability/StabilityScopes.h"

namespace OrthancRegistry
{
  namespace
  {
    using namespace std::chrono_literals;

    constexpr size_t CLAIM_SIZE = 50;
    constexpr auto TIMER_PATIENCE = 2000ms; // for the timers of cores that cannot be told
    constexpr auto NOTHING_TO_WRITE = 60000ms;
    constexpr RetryPolicy REPEATABLE_POLICY{.isRepeatable = true};

    // As in ServerEnumerations of the core: by level
    int GetStableChange(ResourceLevel level)
    {
      constexpr int STABLE_PATIENT = 12;
      return STABLE_PATIENT + static_cast<int>(level);
    }
  }

  StabilityService::StabilityService(const StabilityTimes& times, std::shared_ptr<StabilityTracker> tracker,
                                     IDatabase& database, const IIndexDialect& dialect, IMessageBus& bus,
                                     ICoreStability& core)
      : times_(times), tracker_(std::move(tracker)), database_(database), dialect_(dialect), bus_(bus),
        core_(core), isCoreSupported_(core.IsSupported()),
        dueAge_(isCoreSupported_ ? times.dueAge : times.dueAge + TIMER_PATIENCE),
        writer_("Writing of unstable resources",
                [this]
                {
                  return Write();
                }),
        actor_("Stability of resources",
               [this]
               {
                 return Act();
               })
  {
    tracker_->SetWakers({[this]
                         {
                           writer_.Wake();
                         },
                         [this]
                         {
                           actor_.Wake();
                         },
                         isCoreSupported_});
    bus_.SetHandler(
        [this](std::string_view message)
        {
          OnMessage(message);
        });
  }

  StabilityService::~StabilityService()
  {
    tracker_->SetWakers({});
    Stop();
    WriteRest(); // the core may store instances after it has been told to stop
  }

  void StabilityService::Start()
  {
    if (isRunning_)
    {
      return;
    }
    isRunning_ = true;
    isStopping_ = false;
    tracker_->RequestReload();
    bus_.Start();
    writer_.Start();
    actor_.Start();
  }

  void StabilityService::Stop()
  {
    if (!isRunning_)
    {
      return;
    }
    isRunning_ = false;
    isStopping_ = true;
    bus_.Stop();
    actor_.Stop();
    writer_.Stop();
    WriteRest();
  }

  void StabilityService::WriteRest()
  {
    try
    {
      WriteBatch(tracker_->TakeBatch());
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("The last unstable resources have not been written down: ") + error.what());
    }
  }

  void StabilityService::OnMessage(std::string_view message)
  {
    if (message.empty())
    {
      tracker_->RequestReload();
      return;
    }
    const auto content = StabilityMessages::Parse(message);
    if (!content.unstable.empty())
    {
      tracker_->OnUnstableElsewhere(content.unstable);
    }
    if (!content.stable.empty())
    {
      tracker_->RequestCheck(content.stable);
    }
  }

  std::chrono::milliseconds StabilityService::Write()
  {
    const auto now = StabilityTracker::Clock::now();
    const auto next = lastWrite_ + times_.flush;
    if (now < next)
    {
      return std::chrono::ceil<std::chrono::milliseconds>(next - now);
    }
    const StabilityTracker::Batch batch = tracker_->TakeBatch();
    if (batch.IsEmpty())
    {
      return NOTHING_TO_WRITE;
    }
    lastWrite_ = now;
    try
    {
      WriteBatch(batch);
    }
    catch (...)
    {
      tracker_->PutBack(batch);
      throw;
    }
    return times_.flush;
  }

  void StabilityService::WriteBatch(const StabilityTracker::Batch& batch)
  {
    if (batch.IsEmpty())
    {
      return;
    }
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          std::vector<UnstableResource> unstable = batch.unstable;
          if (!batch.touched.empty())
          {
            const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
                StabilityTracker::Clock::now() - batch.lastTouch);
            const auto missing = UnstableTable::Touch(transaction, batch.touched, elapsed);
            unstable.insert(unstable.end(), missing.begin(), missing.end());
          }
          StabilityMessages::PublishUnstable(bus_, transaction, unstable);
          StabilityMessages::PublishStable(bus_, transaction, batch.stable);
        },
        REPEATABLE_POLICY);
    tracker_->OnWritten(batch);
  }

  std::chrono::milliseconds StabilityService::Act()
  {
    if (tracker_->IsReloadDue())
    {
      Reload();
    }
    TellCore();
    DecideDue();
    TellCore();
    return tracker_->GetWait(dueAge_, isCoreSupported_);
  }

  void StabilityService::Reload()
  {
    const auto asked = StabilityTracker::Clock::now();
    const auto rows = RunTransaction(database_, AccessMode::ReadOnly, UnstableTable::ReadAll);
    tracker_->UpdateAll(rows, asked);
  }

  void StabilityService::DecideDue()
  {
    std::vector<int64_t> checks = tracker_->TakeChecks();
    const auto due = tracker_->GetDue(dueAge_);
    if (!due.empty())
    {
      size_t count = CLAIM_SIZE;
      while (count == CLAIM_SIZE && !isStopping_)
      {
        const auto claimed = RunTransaction(database_, AccessMode::ReadWrite,
                                            [this](Transaction& transaction)
                                            {
                                              return UnstableTable::Claim(transaction, dueAge_, CLAIM_SIZE);
                                            });
        count = claimed.size();
        for (const UnstableResource& resource : claimed)
        {
          if (!isStopping_)
          {
            Decide(resource);
          }
        }
      }
      const auto left = tracker_->GetDue(dueAge_);
      checks.insert(checks.end(), left.begin(), left.end());
    }
    Check(checks);
  }

  void StabilityService::Decide(const UnstableResource& resource)
  {
    if (!isCoreSupported_)
    {
      Log(resource);
      return;
    }
    const DecisionScope scope(resource.id);
    if (!core_.SetStable(resource.publicId, true))
    {
      // It does not have it as unstable
      core_.SetStable(resource.publicId, false);
      core_.SetStable(resource.publicId, true);
    }
    if (!scope.HasLogged())
    {
      tracker_->OnMarkLost(resource);
    }
  }

  // Without an event: no core is there to signal it.
  void StabilityService::Log(const UnstableResource& resource)
  {
    IndexTransaction transaction(database_, dialect_, AccessMode::ReadWrite);
    const auto row = UnstableTable::Lock(transaction.transaction, resource.id);
    if (!row || row->quiet < dueAge_)
    {
      return;
    }
    const auto now = transaction.transaction.QueryOptional<Timestamp>(
        "SELECT SharedNow() FROM Resources WHERE internalId = $1 FOR KEY SHARE", resource.id);
    UnstableTable::Remove(transaction.transaction, resource.id);
    if (now)
    {
      const Timestamp seconds = std::get<0>(*now) / 1000000 * 1000000; // as the core writes them
      Changes::Log(transaction, GetStableChange(row->resource.level), row->resource.level, resource.id,
                   FormatTimestamp(seconds));
    }
    transaction.Commit();
    tracker_->OnLogged(resource.id);
  }

  void StabilityService::Check(const std::vector<int64_t>& ids)
  {
    if (ids.empty())
    {
      return;
    }
    const auto asked = StabilityTracker::Clock::now();
    const auto rows = RunTransaction(database_, AccessMode::ReadOnly,
                                     [&](Transaction& transaction)
                                     {
                                       return UnstableTable::Read(transaction, ids);
                                     });
    tracker_->UpdateSome(rows, ids, asked);
  }

  void StabilityService::TellCore()
  {
    const auto tasks = tracker_->TakeCoreTasks(isCoreSupported_);
    for (const UnstableResource& resource : tasks.unstable)
    {
      if (!isStopping_)
      {
        core_.SetStable(resource.publicId, false);
      }
    }
    tracker_->OnCoreTold();
    for (const UnstableResource& resource : tasks.stable)
    {
      if (!isStopping_ && !tracker_->IsUnstable(resource))
      {
        const SilentScope scope;
        core_.SetStable(resource.publicId, true);
      }
      if (tracker_->IsUnstable(resource))
      {
        tracker_->OnMarkLost(resource); // it has become unstable again meanwhile
      }
    }
  }
}
