// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryHistory.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Directory/DirectoryFormat.h"

namespace OrthancRegistry::DirectoryHistory
{
  namespace
  {
    std::optional<std::string> MaskText(DirectoryKind kind, const std::optional<DirectoryValue>& value)
    {
      return value ? std::make_optional(WriteJson(DirectoryFormat::Mask(kind, *value))) : std::nullopt;
    }
  }

  void Record(Transaction& transaction, const Change& change)
  {
    transaction.Execute(
        "INSERT INTO SharedDirectoryHistory(kind, version, name, revision, changedAt, oldValue, newValue, "
        "reason, replica, userName, remoteIp) VALUES ($1, $2, $3, $4, SharedNow(), $5, $6, $7, $8, $9, $10)",
        change.kind, change.version, change.name, change.revision, MaskText(change.kind, change.before),
        MaskText(change.kind, change.after), ToStorableText(change.reason),
        ToStorableText(change.author.replica), ToStorableText(change.author.user),
        ToStorableText(change.author.remoteIp));
  }
}
