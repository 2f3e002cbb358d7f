// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/AuditLogging.h"

#include "Framework/Database/Retry.h"

#include <atomic>
#include <mutex>

namespace OrthancRegistry
{
  namespace
  {
    std::atomic<AuditLogging*> current = nullptr; // the callback of the core carries no pointer

#if REGISTRY_SDK_HAS_AUDIT_LOGS
    std::string ToText(const char* text)
    {
      return text == nullptr ? "" : text;
    }

    OrthancPluginErrorCode Receive(const char* sourcePlugin, const char* userId,
                                   OrthancPluginResourceType resourceType, const char* resourceId,
                                   const char* action, const void* data, uint32_t size)
    {
      return Guard("An audit log cannot be recorded",
                   [&]
                   {
                     AuditLogging* const logging = current;
                     if (logging == nullptr)
                     {
                       throw RegistryError(ErrorCode::DatabaseUnavailable, "The database is not open");
                     }
                     AuditLog log{ToText(sourcePlugin), ToText(userId), resourceType,
                                  ToText(resourceId),   ToText(action), std::nullopt};
                     if (data != nullptr && size > 0)
                     {
                       log.data = Binary{std::string(static_cast<const char*>(data), size)};
                     }
                     logging->Record(log);
                   });
    }

    void RegisterHandler()
    {
      if (PluginContext::IsCoreAtLeast(1, 12, 9))
      {
        OrthancPluginRegisterAuditLogHandler(PluginContext::Get(), &Receive);
      }
    }
#else
    void RegisterHandler()
    {
    }
#endif
  }

  AuditLogging::AuditLogging(const std::string& route)
  {
    current = this;
    edge_.Register<&AuditLogsHandler::List>(route);
    RegisterHandler();
  }

  AuditLogging::~AuditLogging()
  {
    current = nullptr;
  }

  void AuditLogging::Open(IDatabase& database, const IIndexDialect& dialect)
  {
    edge_.Open(std::make_unique<AuditLogsHandler>(database, dialect));
    const std::unique_lock lock(mutex_);
    database_ = &database;
  }

  void AuditLogging::Close()
  {
    edge_.Close();
    const std::unique_lock lock(mutex_);
    database_ = nullptr;
  }

  void AuditLogging::Record(const AuditLog& log)
  {
    const std::shared_lock lock(mutex_);
    if (database_ == nullptr)
    {
      throw RegistryError(ErrorCode::DatabaseUnavailable, "The database is not open");
    }
    RetryPolicy policy;
    policy.isRepeatable = true; // rather twice than never
    RunTransaction(
        *database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          AuditLogs::Record(transaction, log);
        },
        policy);
  }
}
