// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/IndexPlugin.h"

#include "Framework/Common/Logging.h"
#include "SQLite/EmbeddedMigrations.h"
#include "SQLite/SQLiteConfiguration.h"
#include "SQLite/SQLiteIndexDialect.h"
#include "SQLite/SQLiteMessageBus.h"

#include <filesystem>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* PLUGIN_NAME = "sqlite-index";

    class SQLiteEngine : public IIndexEngine
    {
    public:
      Settings Configure(const Json::Value& configuration) override
      {
        const SQLiteConfiguration read = SQLiteConfiguration::Read(configuration);
        path_ = read.parameters.path;
        isReadOnly_ = read.parameters.isReadOnly;
        Settings settings;
        settings.isEnabled = read.isIndexEnabled;
        settings.auditLogsRoute = "/plugins/sqlite/audit-logs";
        if (settings.isEnabled)
        {
          LogWarnings(read.warnings);
          database_ = std::make_unique<SQLiteDatabase>(read.parameters);
          bus_ = std::make_unique<SQLiteMessageBus>(*database_);
        }
        return settings;
      }

      void Open() override
      {
        if (!isReadOnly_)
        {
          std::error_code error; // if this fails, opening the file says why
          std::filesystem::create_directories(path_.parent_path(), error);
        }
      }

      void Close() override
      {
      }

      IDatabase& GetDatabase() override
      {
        return *database_;
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
        return std::nullopt;
      }

      std::span<const Migration> GetMigrations(std::string_view component) const override
      {
        return SQLite::GetMigrations(component);
      }

    private:
      std::filesystem::path path_;
      bool isReadOnly_ = false;
      SQLiteIndexDialect dialect_;
      std::unique_ptr<SQLiteDatabase> database_;
      std::unique_ptr<SQLiteMessageBus> bus_;
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
        "Stores the index of Orthanc in a SQLite file that several servers of one host can "
        "share, with their jobs.",
        std::make_unique<SQLiteEngine>());
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
    return REGISTRY_VERSION;
  }
}
