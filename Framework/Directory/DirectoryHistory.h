// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Time.h"
#include "Framework/Database/Transaction.h"
#include "Framework/Directory/DirectoryTypes.h"

#include <json/value.h>

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

  struct Filter
  {
    std::optional<DirectoryKind> kind;
    std::string name; // empty: any
    Timestamp since = 0;
    unsigned int limit = 100;
  };

  // The newest changes first, as JSON array
  Json::Value Read(IDatabase& database, const Filter& filter);

  // Leaves the newest changes of both lists together (0: all), in small batches. Any number of replicas may
  // do so at once. Answers how many have been removed.
  int64_t Prune(IDatabase& database, unsigned int size);

  // True now and then as versions rise: whoever has just raised that of a list calls Prune() then.
  bool IsPruneDue(int64_t versionBefore, int64_t versionAfter);
}
