// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexExtensions.h"

#include <OrthancDatabasePlugin.pb.h>

#include <functional>
#include <span>
#include <string>

// The operations on a transaction of the database API V4: each handler reads its part of the request, calls
// one function of Framework/Index and fills its part of the response. One file per concern, each with a
// table.
namespace OrthancRegistry::Adapter
{
  namespace Messages = Orthanc::DatabasePluginMessages;

  // Changes the job registry that a core saves under its server identifier: before it is written, and before
  // the core sees it again. Both may be empty.
  struct SavedJobsFilters
  {
    using Filter = std::function<std::string(const std::string& server, const std::string& registry)>;

    Filter onSave;
    Filter onLoad;
  };

  struct Call
  {
    IndexTransaction& transaction;
    const Messages::TransactionRequest& request;
    Messages::TransactionResponse& response;
    const SavedJobsFilters& savedJobs;
    const IndexExtensions& extensions;
  };

  struct Operation
  {
    Messages::TransactionOperation number;
    const char* name;
    void (*handler)(Call& call);
  };

  std::span<const Operation> GetResourceOperations();
  std::span<const Operation> GetContentOperations();
  std::span<const Operation> GetHistoryOperations();
  std::span<const Operation> GetPropertyOperations();
  std::span<const Operation> GetFindOperations();

  // Custom data of attachments, key-value stores and queues: empty if the SDK is too old to know them.
  std::span<const Operation> GetStoreOperations();
}
