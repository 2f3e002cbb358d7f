// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Configuration.h"
#include "Framework/Common/Logging.h"
#include "Framework/Plugin/PluginContext.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/Pooling.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/ServerLock.h"
#include "PostgreSQL/StockSurface.h"
#include "PostgreSQL/StorageArea.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* PLUGIN_NAME = "postgresql-storage";

    // Everything that lives between OrthancPluginInitialize() and OrthancPluginFinalize()
    class StoragePlugin
    {
    public:
      StoragePlugin(const PostgreSQLConfiguration& configuration, bool isReadOnly)
          : database_(configuration.parameters), lock_(configuration.lasting, STORAGE_LOCK),
            lockedDatabase_(database_, lock_),
            area_(configuration.isLocked ? static_cast<IDatabase&>(lockedDatabase_) : database_,
                  {.maximumRetries = configuration.maximumRetries})
      {
        CheckSchemaExists(database_, configuration.parameters.schema);
        if (configuration.isLocked)
        {
          HasLastingSessions(configuration);
          lock_.Take();
        }
        else
        {
          DetectPooling(configuration.parameters);
        }
        if (!isReadOnly)
        {
          Migrator(database_, "Storage", PostgreSQL::GetMigrations("Storage")).Run();
        }
      }

      StorageArea& GetArea()
      {
        return area_;
      }

    private:
      PostgreSQLDatabase database_;
      ServerLock lock_; // taken only with the option "Lock"
      LockedDatabase lockedDatabase_;
      StorageArea area_;
    };

    std::unique_ptr<StoragePlugin> currentPlugin; // the callbacks of the core carry no pointer

    OrthancPluginErrorCode Create(const char* uuid, const void* content, uint64_t size,
                                  OrthancPluginContentType type)
    {
      return Guard("Storage area: create",
                   [&]
                   {
                     currentPlugin->GetArea().Create(uuid, type, {static_cast<const char*>(content), size});
                   });
    }

    OrthancPluginErrorCode ReadRange(OrthancPluginMemoryBuffer64* target, const char* uuid,
                                     OrthancPluginContentType type, uint64_t start)
    {
      return Guard("Storage area: read",
                   [&]
                   {
                     currentPlugin->GetArea().ReadRange(uuid, type, start,
                                                        {static_cast<char*>(target->data), target->size});
                   });
    }

    OrthancPluginErrorCode Remove(const char* uuid, OrthancPluginContentType type)
    {
      return Guard("Storage area: remove",
                   [&]
                   {
                     currentPlugin->GetArea().Remove(uuid, type);
                   });
    }

    OrthancPluginErrorCode CreateVersion2(const char* uuid, const void* content, int64_t size,
                                          OrthancPluginContentType type)
    {
      return Create(uuid, content, static_cast<uint64_t>(size), type);
    }

    void Release(OrthancPluginMemoryBuffer64& buffer)
    {
      OrthancPluginFreeMemoryBuffer64(PluginContext::Get(), &buffer);
      buffer = {};
    }

    OrthancPluginErrorCode ReadWhole(OrthancPluginMemoryBuffer64* target, const char* uuid,
                                     OrthancPluginContentType type)
    {
      *target = {};
      const auto allocate = [target](uint64_t size)
      {
        Release(*target); // of the attempt before
        PluginContext::AllocateBuffer(*target, size);
        return static_cast<char*>(target->data);
      };
      const auto code = Guard("Storage area: read",
                              [&]
                              {
                                currentPlugin->GetArea().ReadWhole(uuid, type, allocate);
                              });
      if (code != OrthancPluginErrorCode_Success)
      {
        Release(*target); // the core does not, after an error
      }
      return code;
    }

    void RegisterVersion2()
    {
      OrthancPluginRegisterStorageArea2(PluginContext::Get(), &CreateVersion2, &ReadWhole, &ReadRange,
                                        &Remove);
    }

#if REGISTRY_SDK_HAS_CUSTOM_DATA
    OrthancPluginErrorCode CreateVersion3(OrthancPluginMemoryBuffer* customData, const char* uuid,
                                          const void* content, uint64_t size, OrthancPluginContentType type,
                                          OrthancPluginCompressionType /*compression*/,
                                          const OrthancPluginDicomInstance* /*instance*/)
    {
      *customData = {};
      return Create(uuid, content, size, type);
    }

    OrthancPluginErrorCode ReadRangeVersion3(OrthancPluginMemoryBuffer64* target, const char* uuid,
                                             OrthancPluginContentType type, uint64_t start,
                                             const void* /*customData*/, uint32_t /*customDataSize*/)
    {
      return ReadRange(target, uuid, type, start);
    }

    OrthancPluginErrorCode RemoveVersion3(const char* uuid, OrthancPluginContentType type,
                                          const void* /*customData*/, uint32_t /*customDataSize*/)
    {
      return Remove(uuid, type);
    }

    void RegisterCallbacks()
    {
      if (PluginContext::IsCoreAtLeast(1, 12, 8))
      {
        OrthancPluginRegisterStorageArea3(PluginContext::Get(), &CreateVersion3, &ReadRangeVersion3,
                                          &RemoveVersion3);
      }
      else
      {
        RegisterVersion2();
      }
    }
#else
    void RegisterCallbacks()
    {
      RegisterVersion2();
    }
#endif

    void Initialize()
    {
      const Json::Value core = PluginContext::GetConfiguration();
      const auto configuration = PostgreSQLConfiguration::Read(core);
      if (!configuration.isStorageEnabled)
      {
        LogWarning(std::string(PLUGIN_NAME) + " is loaded but not enabled (option \"EnableStorage\")");
        return;
      }
      if (!configuration.isIndexEnabled)
      {
        LogWarnings(configuration.warnings);
      }
      const bool isReadOnly = ConfigurationSection("Orthanc", core).GetBoolean("ReadOnly", false);
      currentPlugin = std::make_unique<StoragePlugin>(configuration, isReadOnly);
      RegisterCallbacks();
    }
  }
}

extern "C"
{
  ORTHANC_PLUGINS_API int32_t OrthancPluginInitialize(OrthancPluginContext* context)
  {
    using namespace OrthancRegistry;
    if (!PluginContext::Initialize(context, PLUGIN_NAME,
                                   "Stores the files of Orthanc in a PostgreSQL database, as large objects "
                                   "(Orthanc Registry " REGISTRY_VERSION ")."))
    {
      return -1;
    }
    return Guard("postgresql-storage cannot be started", &Initialize) == OrthancPluginErrorCode_Success ? 0
                                                                                                        : -1;
  }

  ORTHANC_PLUGINS_API void OrthancPluginFinalize()
  {
    OrthancRegistry::currentPlugin.reset();
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
