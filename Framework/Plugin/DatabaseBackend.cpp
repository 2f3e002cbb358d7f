// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/DatabaseBackend.h"

#include "Framework/Common/Logging.h"
#include "Framework/Index/KnownSeries.h"
#include "Framework/Plugin/PluginContext.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace OrthancRegistry
{
  using namespace Adapter;

  namespace
  {
    constexpr uint32_t DATABASE_VERSION =
        6; // of the core's schema: any other one makes it ask for an upgrade
    constexpr size_t LATENCY_SAMPLES = 11;
    constexpr size_t MAXIMUM_RESPONSE_SIZE = std::numeric_limits<int32_t>::max(); // of the core's parser

    void Commit(Call& call)
    {
      call.transaction.Commit();
    }

    void Rollback(Call& call)
    {
      call.transaction.Rollback();
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_COMMIT, "COMMIT", Commit},
        {Messages::OPERATION_ROLLBACK, "ROLLBACK", Rollback},
    };

    void FillSystemInformation(Messages::GetSystemInformation::Response& response)
    {
      response.set_database_version(DATABASE_VERSION);
      response.set_supports_flush_to_disk(false);
      response.set_supports_revisions(true);
      response.set_supports_labels(true);
      response.set_supports_increment_global_property(true);
      response.set_has_update_and_get_statistics(true);
      response.set_has_measure_latency(true);
      response.set_supports_find(true);
      response.set_has_extended_changes(true);
#if REGISTRY_SDK_HAS_CUSTOM_DATA
      response.set_supports_key_value_stores(true);
      response.set_supports_queues(true);
      response.set_has_attachment_custom_data(true);
#endif
#if REGISTRY_SDK_HAS_RESERVE_QUEUE
      response.set_supports_reserve_queue_value(true);
#endif
    }

    const char* GetName(Messages::DatabaseOperation operation)
    {
      switch (operation)
      {
      case Messages::OPERATION_OPEN:
        return "OPEN";
      case Messages::OPERATION_CLOSE:
        return "CLOSE";
      case Messages::OPERATION_START_TRANSACTION:
        return "START_TRANSACTION";
      case Messages::OPERATION_FINALIZE_TRANSACTION:
        return "FINALIZE_TRANSACTION";
      case Messages::OPERATION_MEASURE_LATENCY:
        return "MEASURE_LATENCY";
      default:
        return "unknown operation";
      }
    }

    [[noreturn]] void ThrowUnknownOperation()
    {
      throw RegistryError(ErrorCode::NotImplemented, "This operation is not known to the plugin");
    }
  }

  DatabaseBackend::DatabaseBackend(IDatabase& database, const IIndexDialect& dialect, BackendHooks hooks)
      : database_(database), dialect_(dialect), hooks_(std::move(hooks))
  {
    AddOperations(OPERATIONS);
    AddOperations(GetResourceOperations());
    AddOperations(GetContentOperations());
    AddOperations(GetHistoryOperations());
    AddOperations(GetPropertyOperations());
    AddOperations(GetFindOperations());
    AddOperations(GetStoreOperations());
  }

  // The generated functions that name enumerators are not used: they register strings of this library for the
  // shutdown of protobuf, which comes after the core has unloaded it, and crashes then.
  std::string DatabaseBackend::Describe(const Messages::Request& request) const
  {
    if (request.type() == Messages::REQUEST_DATABASE)
    {
      return std::string("Database: ") + GetName(request.database_request().operation());
    }
    const auto number = static_cast<size_t>(request.transaction_request().operation());
    if (number < operations_.size() && operations_[number].name != nullptr)
    {
      return std::string("Database: ") + operations_[number].name;
    }
    return "Database: operation " + std::to_string(number);
  }

  void DatabaseBackend::AddOperations(std::span<const Operation> operations)
  {
    for (const Operation& operation : operations)
    {
      operations_.at(static_cast<size_t>(operation.number)) = operation;
    }
  }

  void DatabaseBackend::Register(uint32_t maximumRetries)
  {
    knownSeries_ = maximumRetries > 0 ? std::make_shared<KnownSeries>() : nullptr;

    // The backend belongs to the plugin, so that there is nothing to do when the core finalizes it
    const auto finalize = [](void*) {};
    const auto code = OrthancPluginRegisterDatabaseBackendV4(PluginContext::Get(), this, maximumRetries,
                                                             &DatabaseBackend::Receive, finalize);
    if (code != OrthancPluginErrorCode_Success)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "Orthanc refuses this database, error " + std::to_string(code) +
                              ": has another plugin with an index been enabled as well?");
    }
  }

  OrthancPluginErrorCode DatabaseBackend::Receive(OrthancPluginMemoryBuffer64* response, void* backend,
                                                  const void* request, uint64_t requestSize)
  {
    Messages::Request parsed;
    if (requestSize > static_cast<uint64_t>(std::numeric_limits<int>::max()) ||
        !parsed.ParseFromArray(request, static_cast<int>(requestSize)))
    {
      LogError("Database: a request of Orthanc cannot be read");
      return OrthancPluginErrorCode_DatabasePlugin;
    }
    try
    {
      Messages::Response answer;
      static_cast<DatabaseBackend*>(backend)->Process(answer, parsed);
      if (answer.ByteSizeLong() > MAXIMUM_RESPONSE_SIZE)
      {
        throw RegistryError(ErrorCode::DatabasePlugin,
                            "The answer is larger than 2 GiB: narrow the query, or set limits");
      }
      PluginContext::FillBuffer(*response, answer.SerializeAsString());
      return OrthancPluginErrorCode_Success;
    }
    catch (...)
    {
      return PluginContext::ReportException(static_cast<DatabaseBackend*>(backend)->Describe(parsed));
    }
  }

  void DatabaseBackend::Process(Messages::Response& response, const Messages::Request& request)
  {
    switch (request.type())
    {
    case Messages::REQUEST_DATABASE:
      ProcessDatabase(*response.mutable_database_response(), request.database_request());
      break;
    case Messages::REQUEST_TRANSACTION:
      ProcessTransaction(*response.mutable_transaction_response(), request.transaction_request());
      break;
    default:
      ThrowUnknownOperation();
    }
  }

  void DatabaseBackend::ProcessDatabase(Messages::DatabaseResponse& response,
                                        const Messages::DatabaseRequest& request)
  {
    switch (request.operation())
    {
    case Messages::OPERATION_GET_SYSTEM_INFORMATION:
      FillSystemInformation(*response.mutable_get_system_information());
      break;
    case Messages::OPERATION_OPEN:
      hooks_.open();
      break;
    case Messages::OPERATION_CLOSE:
      hooks_.close();
      break;
    case Messages::OPERATION_START_TRANSACTION:
      response.mutable_start_transaction()->set_transaction(
          StartTransaction(request.start_transaction().type()));
      break;
    case Messages::OPERATION_FINALIZE_TRANSACTION:
      transactions_.Remove(request.finalize_transaction().transaction());
      break;
    case Messages::OPERATION_MEASURE_LATENCY:
      response.mutable_measure_latency()->set_latency_us(MeasureLatency());
      break;
    case Messages::OPERATION_UPGRADE: // the schema is brought forward by OPEN
      break;
    default:
      ThrowUnknownOperation();
    }
  }

  int64_t DatabaseBackend::StartTransaction(Messages::TransactionType type)
  {
    const AccessMode mode =
        type == Messages::TRANSACTION_READ_ONLY ? AccessMode::ReadOnly : AccessMode::ReadWrite;
    try
    {
      auto transaction = std::make_unique<IndexTransaction>(database_, dialect_, mode, knownSeries_);
      if (mode == AccessMode::ReadWrite && hooks_.onWritten)
      {
        transaction->endHandlers.emplace_back(
            [this](bool /*isCommitted*/)
            {
              hooks_.onWritten();
            });
      }
      return transactions_.Add(std::move(transaction));
    }
    catch (...)
    {
      if (mode == AccessMode::ReadWrite && hooks_.onNotStarted)
      {
        hooks_.onNotStarted();
      }
      throw;
    }
  }

  int64_t DatabaseBackend::MeasureLatency()
  {
    using Clock = std::chrono::steady_clock;
    Transaction transaction(database_, AccessMode::ReadOnly);
    std::array<int64_t, LATENCY_SAMPLES> samples = {};
    for (int64_t& sample : samples)
    {
      const auto start = Clock::now();
      transaction.QueryValue<int64_t>("SELECT CAST(1 AS BIGINT)");
      sample = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
    }
    transaction.Commit();
    std::nth_element(samples.begin(), samples.begin() + LATENCY_SAMPLES / 2, samples.end());
    return samples[LATENCY_SAMPLES / 2];
  }

  void DatabaseBackend::ProcessTransaction(Messages::TransactionResponse& response,
                                           const Messages::TransactionRequest& request)
  {
    IndexTransaction& transaction = transactions_.Get(request.transaction());
    try
    {
      Run(transaction, response, request);
    }
    catch (const ConnectionLostError& error)
    {
      // Nothing was committed, so that the core may run the operation again, on another connection. (If none
      // can be made, START_TRANSACTION has waited for long enough: that one reports DatabaseUnavailable.)
      LogWarning(std::string("The connection to the database was lost: ") + error.what());
      throw RetryableError(error.what());
    }
  }

  void DatabaseBackend::Run(IndexTransaction& transaction, Messages::TransactionResponse& response,
                            const Messages::TransactionRequest& request)
  {
    const auto number = static_cast<size_t>(request.operation());
    if (number >= operations_.size() || operations_[number].handler == nullptr)
    {
      ThrowUnknownOperation();
    }
    Call call{transaction, request, response, hooks_.savedJobs, hooks_.extensions};
    operations_[number].handler(call);
  }
}
