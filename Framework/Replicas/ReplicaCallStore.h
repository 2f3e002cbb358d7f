// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Replicas/ICoreCaller.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // The messages of the bus, each followed by the incarnation that is addressed
  inline constexpr std::string_view MESSAGE_CALL = "call:";     // somebody calls you
  inline constexpr std::string_view MESSAGE_CALLED = "called:"; // one of your calls has been answered

  // A call as its caller sees it
  struct SentCall
  {
    std::string id;
    ReplicaIdentity target;
  };

  struct CallState
  {
    std::string id;
    bool hasBegun = false;
    std::optional<CoreReply> reply;
  };

  // A call as its target sees it
  struct ClaimedCall
  {
    std::string id;
    std::string caller;
    CoreRequest request;
    std::chrono::microseconds timeLeft{0}; // at the moment of the claim
  };

  // The calls between replicas, as rows. Thread-safe.
  class ReplicaCallStore
  {
  public:
    ReplicaCallStore(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus);

    // The same call to each other replica that is alive and stays. Old calls, of replicas that died while
    // they waited, are removed on the way.
    std::vector<SentCall> Send(const CoreRequest& request, std::chrono::milliseconds patience);

    std::vector<CallState> Read(const std::vector<std::string>& ids);
    void Remove(const std::vector<std::string>& ids);

    // For this replica; a read only.
    bool IsAnyWaiting();

    // The same, to be asked by the heartbeat: 1 or 0
    static std::string_view GetWaitingQuestion();

    // Takes the oldest one. Nobody else gets it, not even if this process dies at once.
    std::optional<ClaimedCall> Claim();

    // False if nobody waits for the reply any more.
    bool Answer(const ClaimedCall& call, const CoreReply& reply);

  private:
    std::vector<ReplicaIdentity> FindOthers(Transaction& transaction) const;

    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
  };
}
