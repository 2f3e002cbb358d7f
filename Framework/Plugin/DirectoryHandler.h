// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Directory/DirectoryConfiguration.h"
#include "Framework/Directory/SecretBox.h"
#include "Framework/Plugin/HttpCall.h"

#include <functional>
#include <string>

namespace OrthancRegistry
{
  // What concerns the shared lists as a whole: GET /cluster/directory, GET /cluster/directory/history, and
  // POST /cluster/directory/rotate-key. Thread-safe.
  class DirectoryHandler
  {
  public:
    // What is given by reference must outlive this object. "onRotated" is called after entries got new
    // versions, to tell the other replicas.
    DirectoryHandler(const DirectoryConfiguration& configuration, const SecretBox& box, IDatabase& database,
                     std::string replica, std::function<void()> onRotated);

    HttpAnswer GetStatus(const HttpCall& call);
    HttpAnswer GetHistory(const HttpCall& call);
    HttpAnswer RotateKey(const HttpCall& call);

  private:
    const DirectoryConfiguration& configuration_;
    const SecretBox& box_;
    IDatabase& database_;
    const std::string replica_;
    const std::function<void()> onRotated_;
  };
}
