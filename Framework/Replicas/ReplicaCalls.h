// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/BackgroundTask.h"
#include "Framework/Replicas/ReplicaCallStore.h"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace OrthancRegistry
{
  // What became of a call to another replica
  struct ReplicaAnswer
  {
    ReplicaIdentity replica;
    bool hasBegun = false; // without a reply: it may have been carried out. If not, it never will be.
    std::optional<CoreReply> reply; // none if there was no answer in time
  };

  struct ReplicaCallsOptions
  {
    // Messages say when to look; this is for those that get lost. An idle replica reads one index that often.
    std::chrono::milliseconds targetInterval{5000};
    std::chrono::milliseconds callerInterval{500}; // only while it waits
    std::chrono::milliseconds patience{8000};      // the lost message of a call leaves time for an answer
  };

  // Calls from replica to replica, to the REST APIs of their cores, through the database: each is carried out
  // once at most, and never after its time. Both ends look whether a call is allowed, so that a row in the
  // database cannot make a core do anything else. Thread-safe.
  //
  // Calls can be made from the construction on, and are served from Start() to Stop(). It owns the handler of
  // the bus, and starts and stops the bus. Database, bus and core outlive it.
  class ReplicaCalls
  {
  public:
    static constexpr size_t MAXIMUM_BODY_SIZE = 1024 * 1024;
    static constexpr size_t MAXIMUM_ANSWER_SIZE = 16 * 1024 * 1024;

    using Rule = std::function<bool(const CoreRequest& request)>;
    using IsEnough = std::function<bool(const CoreReply& reply)>;

    ReplicaCalls(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus, ICoreCaller& core,
                 Rule isAllowed, const ReplicaCallsOptions& options = {});
    ~ReplicaCalls();

    void Start();

    // There is a call for this replica. Never waits.
    void Wake();

    // Those who wait for others are sent away (DatabaseUnavailable), now and from now on.
    void Stop();

    const ReplicaIdentity& GetIdentity() const
    {
      return identity_;
    }

    CoreReply CallOwn(const CoreRequest& request);

    // The same call to all other live replicas, sorted by name. Returns when all have answered, when a reply
    // is enough, or when their time is over. To be called from a thread of normal stack size.
    std::vector<ReplicaAnswer> CallOthers(const CoreRequest& request, const IsEnough& isEnough = {});

  private:
    class Waiter;

    void OnMessage(std::string_view message);
    void CheckAllowed(const CoreRequest& request) const;
    std::vector<ReplicaAnswer> WaitForAnswers(Waiter& waiter, const std::vector<SentCall>& calls,
                                              const IsEnough& isEnough);
    bool Collect(const std::vector<SentCall>& calls, std::map<std::string, CallState>& states,
                 const IsEnough& isEnough);
    void Forget(const std::vector<SentCall>& calls);
    std::chrono::milliseconds Serve(std::chrono::milliseconds interval);
    void CarryOut(const ClaimedCall& call, std::chrono::steady_clock::time_point deadline);
    CoreReply MakeReply(const CoreRequest& request);
    bool IsStopped();

    const ReplicaIdentity identity_;
    const ReplicaCallsOptions options_;
    const Rule isAllowed_;
    IMessageBus& bus_;
    ICoreCaller& core_;
    ReplicaCallStore store_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<Waiter*> waiters_;
    bool isStopped_ = false;

    BackgroundTask server_;
    BackgroundTask secondServer_; // so that a call that takes long does not hold up the others
  };
}
