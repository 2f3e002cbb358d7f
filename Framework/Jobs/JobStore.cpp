// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobStore.h"

#include "Framework/Database/Retry.h"

namespace OrthancRegistry
{
  JobStore::JobStore(IDatabase& database, IMessageBus& bus, const JobsConfiguration& configuration)
      : database_(database), bus_(bus), submit_(configuration, database, bus)
  {
  }

  std::string JobStore::Submit(const NewJob& job)
  {
    return submit_.Submit(job);
  }

  std::optional<std::string> JobStore::FindByKey(const std::string& key, const std::string& uri)
  {
    return submit_.FindByKey(key, uri);
  }

  void JobStore::Announce(const std::string& message)
  {
    RunTransaction(database_, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus_.Publish(transaction, message);
                   });
  }
}
