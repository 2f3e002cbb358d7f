// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/HttpCall.h"
#include "Framework/Replicas/ReplicaCalls.h"

#include <json/value.h>

#include <functional>

namespace OrthancRegistry
{
  // Storage commitment reports. Each lives in the memory of the replica that has made the request, as
  // Pending; and in that of whichever replica the remote modality has sent the report to, as Success or
  // Failure. So the one that has it complete is the one to believe. Thread-safe.
  class CommitmentHandler
  {
  public:
    // Removes all instances with that SOP instance UID.
    using RemoveInstances = std::function<void(const std::string& sopInstanceUid)>;

    // The calls must outlive this object.
    CommitmentHandler(ReplicaCalls& calls, RemoveInstances removeInstances);

    // The first group is the transaction UID.
    HttpAnswer Read(const HttpCall& call);   // /storage-commitment/{id}
    HttpAnswer Remove(const HttpCall& call); // /storage-commitment/{id}/remove

  private:
    Json::Value Find(const std::string& transactionUid);
    Json::Value FindElsewhere(const std::string& transactionUid, const Json::Value& own);

    ReplicaCalls& calls_;
    RemoveInstances removeInstances_;
  };
}
