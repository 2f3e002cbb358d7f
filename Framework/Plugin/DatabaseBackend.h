// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/Adapter.h"
#include "Framework/Plugin/TransactionTable.h"

#include <orthanc/OrthancCPlugin.h>

#include <array>

namespace OrthancRegistry
{
  // What the plugin does when the core opens and closes its database. Both run on the main thread of the
  // core.
  struct BackendHooks
  {
    std::function<void()> open;
    std::function<void()> close;
    std::function<void()> onNotStarted; // a writing transaction; called on the thread that wanted it
    std::function<void()> onWritten;    // such a transaction has ended, perhaps committed; must not throw
    Adapter::SavedJobsFilters savedJobs;
    IndexExtensions extensions;
  };

  // The database backend of Orthanc (API V4): parses requests, keeps the transactions of the core, converts
  // errors. Thread-safe. Must live until the core has finalized the database.
  class DatabaseBackend
  {
  public:
    DatabaseBackend(IDatabase& database, const IIndexDialect& dialect, BackendHooks hooks);

    // Makes this the database of the core, which runs again at most "maximumRetries" times what answers
    // DatabaseCannotSerialize. Throws if another plugin has already registered a database.
    void Register(uint32_t maximumRetries);

    // One request of the core, errors as exceptions. Public for the tests.
    void Process(Adapter::Messages::Response& response, const Adapter::Messages::Request& request);

  private:
    static constexpr size_t MAXIMUM_OPERATIONS = 128;

    static OrthancPluginErrorCode Receive(OrthancPluginMemoryBuffer64* response, void* backend,
                                          const void* request, uint64_t requestSize);

    std::string Describe(const Adapter::Messages::Request& request) const;
    void AddOperations(std::span<const Adapter::Operation> operations);
    void ProcessDatabase(Adapter::Messages::DatabaseResponse& response,
                         const Adapter::Messages::DatabaseRequest& request);
    void ProcessTransaction(Adapter::Messages::TransactionResponse& response,
                            const Adapter::Messages::TransactionRequest& request);
    void Run(IndexTransaction& transaction, Adapter::Messages::TransactionResponse& response,
             const Adapter::Messages::TransactionRequest& request);
    int64_t StartTransaction(Adapter::Messages::TransactionType type);
    int64_t MeasureLatency();

    IDatabase& database_;
    const IIndexDialect& dialect_;
    BackendHooks hooks_;
    std::shared_ptr<KnownSeries> knownSeries_; // null if the core does not retry
    TransactionTable transactions_;
    std::array<Adapter::Operation, MAXIMUM_OPERATIONS> operations_ = {};
  };
}
