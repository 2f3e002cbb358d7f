// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/IndexPlugin.h"

#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "Framework/Database/UnfinishedMove.h"
#include "Framework/Index/Properties.h"
#include "Framework/Index/StatisticsQueries.h"
#include "Framework/Jobs/SavedJobs.h"
#include "Framework/Plugin/PluginContext.h"
#include "Framework/Plugin/ReadOnlyJobs.h"
#include "Framework/Plugin/RequestFilter.h"
#include "Framework/Plugin/SharedQueries.h"
#include "Framework/Plugin/SharedStability.h"
#include "Framework/Plugin/SharedTools.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int PROPERTY_SCHEMA_VERSION = 1;
    constexpr const char* SCHEMA_VERSION = "6";

    constexpr std::string_view NO_SAVED_JOBS = R"({"Jobs":{},"Type":"JobsRegistry"})";

    std::unique_ptr<IndexPlugin> currentPlugin; // for the callbacks of the core that carry no pointer

    OrthancPluginErrorCode OnChange(OrthancPluginChangeType change, OrthancPluginResourceType /*type*/,
                                    const char* resourceId)
    {
      return Guard("Change listener",
                   [&]
                   {
                     switch (change)
                     {
                     case OrthancPluginChangeType_OrthancStarted:
                       currentPlugin->OnOrthancStarted();
                       break;
                     case OrthancPluginChangeType_OrthancStopped:
                       currentPlugin->OnOrthancStopped();
                       break;
                     default:
                       currentPlugin->OnChange(change, resourceId);
                       break;
                     }
                   });
    }

    void OnMetrics()
    {
      Guard("Metrics",
            []
            {
              currentPlugin->RefreshMetrics();
            });
    }
  }

  IndexPlugin::IndexPlugin(std::unique_ptr<IIndexEngine> engine) : engine_(std::move(engine))
  {
  }

  IndexPlugin::~IndexPlugin() = default;

  bool IndexPlugin::Initialize(const Json::Value& configuration)
  {
    const IIndexEngine::Settings settings = engine_->Configure(configuration);
    if (!settings.isEnabled)
    {
      return false;
    }
    configuration_ = RegistryConfiguration::Read(configuration);
    LogWarnings(configuration_.warnings);

    BackendHooks hooks;
    hooks.open = [this]
    {
      Open();
    };
    hooks.close = [this]
    {
      Close();
    };
    hooks.onWritten = [this]
    {
      housekeeper_->Notice();
    };
    if (configuration_.isReadOnly)
    {
      MakeReadOnlyParts(configuration, hooks);
    }
    else
    {
      MakeParts(configuration, hooks);
    }
    auditLogs_ = std::make_unique<AuditLogging>(settings.auditLogsRoute);
    backend_ =
        std::make_unique<DatabaseBackend>(engine_->GetDatabase(), engine_->GetDialect(), std::move(hooks));
    backend_->Register(settings.maximumRetries);
    housekeeper_ = std::make_unique<Housekeeper>(std::chrono::seconds(settings.housekeepingSeconds),
                                                 [this]
                                                 {
                                                   KeepHouse();
                                                 });
    return true;
  }

  void IndexPlugin::MakeParts(const Json::Value& configuration, BackendHooks& hooks)
  {
    const JobsOptions options = JobsOptions::Read(configuration);
    RequestFilter::Register(options.isAuthenticationEnabled);
    SharedDirectory* const directory = MakeDirectory(configuration, hooks);
    if (configuration_.areJobsEnabled)
    {
      MakeJobs(options, directory, hooks);
    }
    if (configuration_.stability.isEnabled)
    {
      auto part = std::make_unique<SharedStability>(configuration_.stability);
      hooks.extensions.resources = &part->GetObserver();
      parts_.push_back(std::move(part));
    }
  }

  // The registry and the lists are shown; what the cores have to agree on is left to those that write. The
  // jobs that another process has saved are not for this one to run.
  void IndexPlugin::MakeReadOnlyParts(const Json::Value& configuration, BackendHooks& hooks)
  {
    const JobsOptions options = JobsOptions::Read(configuration);
    RequestFilter::Register(options.isAuthenticationEnabled);
    MakeDirectory(configuration, hooks);
    if (configuration_.areJobsEnabled)
    {
      parts_.push_back(std::make_unique<ReadOnlyJobs>(options, configuration_.jobs));
    }
    hooks.savedJobs.onLoad = [](const std::string& /*server*/, const std::string& /*registry*/)
    {
      return std::string(NO_SAVED_JOBS);
    };
  }

  // What works on the jobs comes after them, and is closed before.
  void IndexPlugin::MakeJobs(const JobsOptions& options, SharedDirectory* directory, BackendHooks& hooks)
  {
    auto part = std::make_unique<SharedJobs>(options, configuration_.jobs);
    SharedJobs* const jobs = part.get();
    parts_.push_back(std::move(part));
    hooks.savedJobs.onSave = [](const std::string& /*server*/, const std::string& registry)
    {
      return RedactSavedRegistry(registry);
    };
    hooks.savedJobs.onLoad = [jobs](const std::string& server, const std::string& registry)
    {
      return jobs->FilterSavedJobs(server, registry);
    };
    if (directory != nullptr)
    {
      jobs->GetCore().BeforeSubmit(
          [directory](const std::string& uri)
          {
            directory->Prepare(uri);
          });
    }
    parts_.push_back(std::make_unique<SharedTools>(options));
    if (configuration_.queries.isEnabled)
    {
      parts_.push_back(std::make_unique<SharedQueries>(options, configuration_.queries, *jobs));
    }
  }

  // Before the jobs, which may name modalities and peers until they are closed. Null if nothing is shared.
  SharedDirectory* IndexPlugin::MakeDirectory(const Json::Value& configuration, BackendHooks& hooks)
  {
    const DirectoryConfiguration& options = configuration_.directory;
    if (!options.areModalitiesShared && !options.arePeersShared)
    {
      return nullptr;
    }
    auto part = std::make_unique<SharedDirectory>(options, configuration);
    SharedDirectory* const directory = part.get();
    parts_.push_back(std::move(part));
    hooks.extensions.properties = directory;
    hooks.onNotStarted = [directory]
    {
      directory->OnNotStarted();
    };
    return directory;
  }

  void IndexPlugin::Open()
  {
    engine_->Open();
    PrepareSchema();
    if (PluginContext::IsUpgrading() && !configuration_.isReadOnly)
    {
      LogWarning("The schema of the database is up to date, and Orthanc ends (argument \"--upgrade\")");
      return; // the core does not call Close() either
    }
    identity_ = MakeIdentity();
    hub_ = std::make_unique<MessageHub>(engine_->GetBus());
    questions_ = std::make_unique<PulseQuestions>(GetHeartbeat());
    const PartContext context{identity_, engine_->GetDatabase(), engine_->GetDialect(), *hub_, *questions_};
    for (const auto& part : parts_)
    {
      part->Open(context);
    }
    auditLogs_->Open(engine_->GetDatabase(), engine_->GetDialect());
  }

  void IndexPlugin::PrepareSchema()
  {
    if (configuration_.isReadOnly)
    {
      CheckReadOnlySchema();
    }
    else
    {
      engine_->Adopt();
    }
    Migrate("Index");
    RefuseUnfinishedMove(engine_->GetDatabase());
    if (!configuration_.isReadOnly)
    {
      Migrate("Messages");
    }
    for (const auto& part : parts_)
    {
      for (const std::string_view component : part->GetComponents())
      {
        Migrate(component);
      }
    }
    if (!configuration_.isReadOnly)
    {
      engine_->CompleteIndexes(PluginContext::IsUpgrading());
    }
  }

  // None without the shared jobs, which have the heartbeat
  std::optional<std::chrono::milliseconds> IndexPlugin::GetHeartbeat() const
  {
    return configuration_.areJobsEnabled && !configuration_.isReadOnly
               ? std::make_optional(std::chrono::milliseconds(configuration_.jobs.heartbeatMilliseconds))
               : std::nullopt;
  }

  ReplicaIdentity IndexPlugin::MakeIdentity() const
  {
    return {GenerateUuid(), PluginContext::GetServerIdentifier(), configuration_.name,
            PluginContext::GetCoreVersion()};
  }

  void IndexPlugin::OnOrthancStarted()
  {
    if (!configuration_.isReadOnly)
    {
      housekeeper_->Start();
    }
    for (const auto& part : parts_)
    {
      part->Start();
    }
  }

  void IndexPlugin::OnOrthancStopped()
  {
    std::for_each(parts_.rbegin(), parts_.rend(),
                  [](const auto& part)
                  {
                    part->Stop();
                  });
    housekeeper_->Stop();
  }

  void IndexPlugin::OnChange(OrthancPluginChangeType type, const char* resourceId)
  {
    for (const auto& part : parts_)
    {
      part->OnChange(type, resourceId);
    }
  }

  // The name that dashboards for the stock plugin look for
  void IndexPlugin::RefreshMetrics()
  {
    if (const auto connections = engine_->CountConnections())
    {
      OrthancPluginSetMetricsValue(PluginContext::Get(), "orthanc_index_active_connections",
                                   static_cast<float>(*connections), OrthancPluginMetricsType_Default);
    }
  }

  void IndexPlugin::Close()
  {
    auditLogs_->Close();
    RequestFilter::RemoveGates();
    std::for_each(parts_.rbegin(), parts_.rend(),
                  [](const auto& part)
                  {
                    part->Close();
                  });
    questions_.reset();
    hub_.reset();
    housekeeper_->Stop();
    engine_->Close();
  }

  void IndexPlugin::Migrate(std::string_view component)
  {
    const auto migrations = engine_->GetMigrations(component);
    if (migrations.empty())
    {
      return;
    }
    Migrator migrator(engine_->GetDatabase(), std::string(component), migrations);
    if (configuration_.isReadOnly)
    {
      migrator.Check();
    }
    else
    {
      migrator.Run();
    }
  }

  void IndexPlugin::CheckReadOnlySchema()
  {
    bool isReady = false;
    try
    {
      IndexTransaction transaction(engine_->GetDatabase(), engine_->GetDialect(), AccessMode::ReadOnly);
      isReady = Properties::Lookup(transaction, "", PROPERTY_SCHEMA_VERSION) == SCHEMA_VERSION &&
                transaction.transaction.QueryOptional<int>(
                    "SELECT CAST(version AS BIGINT) FROM SharedVersions WHERE component = 'Index'");
    }
    catch (const StatementError&) // there is no such table: an empty database, or one of another plugin
    {
    }
    if (!isReady)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "A database must have been opened by a writing Orthanc with this plugin before it "
                          "can be opened with the option \"ReadOnly\"");
    }
  }

  void IndexPlugin::KeepHouse()
  {
    bool isMore = true;
    while (isMore)
    {
      IndexTransaction transaction(engine_->GetDatabase(), engine_->GetDialect(), AccessMode::ReadWrite);
      isMore = StatisticsQueries::Fold(transaction);
      transaction.transaction.Commit();
    }
  }

  int32_t InitializeIndexPlugin(OrthancPluginContext* context, const char* pluginName,
                                const char* description, std::unique_ptr<IIndexEngine> engine)
  {
    GOOGLE_PROTOBUF_VERIFY_VERSION;
    if (!PluginContext::Initialize(context, pluginName, description))
    {
      return -1;
    }
    const auto code = Guard(std::string(pluginName) + " cannot be started",
                            [&]
                            {
                              auto plugin = std::make_unique<IndexPlugin>(std::move(engine));
                              if (!plugin->Initialize(PluginContext::GetConfiguration()))
                              {
                                LogWarning(std::string(pluginName) + " is loaded but not enabled");
                                return;
                              }
                              currentPlugin = std::move(plugin);
                              OrthancPluginRegisterOnChangeCallback(context, &OnChange);
                              OrthancPluginRegisterRefreshMetricsCallback(context, &OnMetrics);
                            });
    return code == OrthancPluginErrorCode_Success ? 0 : -1;
  }

  void FinalizeIndexPlugin()
  {
    currentPlugin.reset();
  }
}
