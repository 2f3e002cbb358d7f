// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/IndexPlugin.h"

#include "Framework/Common/Logging.h"
#include "PostgreSQL/DeferredIndexes.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/Pooling.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/PostgreSQLIndexDialect.h"
#include "PostgreSQL/PostgreSQLMessageBus.h"
#include "PostgreSQL/ServerLock.h"
#include "PostgreSQL/StockSchema.h"
#include "PostgreSQL/StockSurface.h"

#include <optional>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* PLUGIN_NAME = "postgresql-index";

    class PostgreSQLEngine : public IIndexEngine
    {
    public:
      Settings Configure(const Json::Value& configuration) override
      {
        configuration_ = PostgreSQLConfiguration::Read(configuration);
        if (configuration_.isIndexEnabled)
        {
          LogWarnings(configuration_.warnings);
          database_ = std::make_unique<PostgreSQLDatabase>(configuration_.parameters);
          bus_ = std::make_unique<PostgreSQLMessageBus>(configuration_.lasting);
          if (configuration_.isLocked)
          {
            lock_.emplace(configuration_.lasting, INDEX_LOCK);
            lockedDatabase_.emplace(*database_, *lock_);
          }
        }
        return {configuration_.isIndexEnabled, configuration_.maximumRetries,
                configuration_.housekeepingSeconds, "/plugins/postgresql/audit-logs"};
      }

      void Open() override
      {
        hasLastingSessions_ = HasLastingSessions(configuration_);
        if (!hasLastingSessions_)
        {
          bus_->Poll();
        }
        CheckSchemaExists(*database_, configuration_.parameters.schema);
        if (lock_)
        {
          lock_->Take();
        }
      }

      void Adopt() override
      {
        if (AdoptStockSchema(*database_, lock_.has_value()) && !hasLastingSessions_)
        {
          LogWarning("Indexes that the adopted database may lack are not built through this pooler");
        }
      }

      void CompleteIndexes(bool isNow) override
      {
        if (!hasLastingSessions_)
        {
          return;
        }
        deferred_ = std::make_unique<DeferredIndexes>(*database_, configuration_.lasting);
        if (isNow)
        {
          deferred_->Finish();
        }
        else
        {
          deferred_->Start();
        }
      }

      void Close() override
      {
        deferred_.reset();
        if (lock_)
        {
          lock_->Release();
        }
      }

      IDatabase& GetDatabase() override
      {
        return lockedDatabase_ ? static_cast<IDatabase&>(*lockedDatabase_) : *database_;
      }

      const IIndexDialect& GetDialect() const override
      {
        return dialect_;
      }

      IMessageBus& GetBus() override
      {
        return *bus_;
      }

      std::optional<size_t> CountConnections() const override
      {
        return database_->GetOpenConnections();
      }

      std::span<const Migration> GetMigrations(std::string_view component) const override
      {
        // LISTEN and NOTIFY need no table
        return component == "Messages" ? std::span<const Migration>() : PostgreSQL::GetMigrations(component);
      }

    private:
      PostgreSQLConfiguration configuration_;
      bool hasLastingSessions_ = true;
      PostgreSQLIndexDialect dialect_;
      std::unique_ptr<PostgreSQLDatabase> database_;
      std::unique_ptr<PostgreSQLMessageBus> bus_;
      std::optional<ServerLock> lock_; // these two only with the option "Lock"
      std::optional<LockedDatabase> lockedDatabase_;
      std::unique_ptr<DeferredIndexes> deferred_;
    };
  }
}

extern "C"
{
  ORTHANC_PLUGINS_API int32_t OrthancPluginInitialize(OrthancPluginContext* context)
  {
    using namespace OrthancRegistry;
    return InitializeIndexPlugin(
        context, PLUGIN_NAME,
        "Stores the index of Orthanc in a PostgreSQL database that several servers can "
        "share, with their jobs (Orthanc Registry " REGISTRY_VERSION ").",
        std::make_unique<PostgreSQLEngine>());
  }

  ORTHANC_PLUGINS_API void OrthancPluginFinalize()
  {
    OrthancRegistry::FinalizeIndexPlugin();
  }

  ORTHANC_PLUGINS_API const char* OrthancPluginGetName()
  {
    return OrthancRegistry::PLUGIN_NAME;
  }

  ORTHANC_PLUGINS_API const char* OrthancPluginGetVersion()
  {
    return OrthancRegistry::STOCK_PLUGIN_VERSION;
  }
}
