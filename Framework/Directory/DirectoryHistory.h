// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Directory/DirectoryTypes.h"

#include <optional>
#include <string>

namespace OrthancRegistry
{
  // Who changes an entry; empty where unknown
  struct DirectoryAuthor
  {
    std::string user;
    std::string remoteIp;
    std::string replica;
  };
}

// Who changed what: values are kept without their secrets.
namespace OrthancRegistry::DirectoryHistory
{
  struct Change
  {
    DirectoryKind kind = DirectoryKind::Modalities;
    int64_t version = 0; // of the list after the change
    std::string name;
    int64_t revision = 0;
    std::optional<DirectoryValue> before;
    std::optional<DirectoryValue> after;
    std::string reason;
    DirectoryAuthor author;
  };

  // In the transaction that makes the change
  void Record(Transaction& transaction, const Change& change);
}
