// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/AuditLogging.h"
#include "Framework/Plugin/DatabaseBackend.h"
#include "Framework/Plugin/Housekeeper.h"
#include "Framework/Plugin/IIndexEngine.h"
#include "Framework/Plugin/RegistryConfiguration.h"
#include "Framework/Plugin/SharedDirectory.h"
#include "Framework/Plugin/SharedJobs.h"
#include "Framework/Replicas/ReplicaIdentity.h"

namespace OrthancRegistry
{
  // An index plugin, whatever its engine: reads the configuration, registers at the core and follows its
  // life. The core calls, in this order: OrthancPluginInitialize(), OPEN, [operations], OrthancStarted,
  // [operations], OrthancStopped, [operations], CLOSE, OrthancPluginFinalize(). HTTP requests and jobs are
  // served before OrthancStarted already, and the backend is used until CLOSE.
  class IndexPlugin
  {
  public:
    explicit IndexPlugin(std::unique_ptr<IIndexEngine> engine);
    ~IndexPlugin();

    // Registers everything at the core. Answers false if the configuration does not enable the engine: the
    // plugin is loaded and does nothing.
    bool Initialize(const Json::Value& configuration);

    void OnOrthancStarted();
    void OnOrthancStopped();
    void OnChange(OrthancPluginChangeType type, const char* resourceId);
    void RefreshMetrics();

  private:
    void Open();
    void Close();
    void Migrate(std::string_view component);
    void CheckReadOnlySchema();
    void PrepareSchema();
    void KeepHouse();
    std::optional<std::chrono::milliseconds> GetHeartbeat() const;
    ReplicaIdentity MakeIdentity() const;
    void MakeParts(const Json::Value& configuration, BackendHooks& hooks);
    SharedDirectory* MakeDirectory(const Json::Value& configuration, BackendHooks& hooks);
    void MakeReadOnlyParts(const Json::Value& configuration, BackendHooks& hooks);
    void MakeJobs(const JobsOptions& options, SharedDirectory* directory, BackendHooks& hooks);

    std::unique_ptr<IIndexEngine> engine_;
    RegistryConfiguration configuration_;
    ReplicaIdentity identity_;
    std::unique_ptr<MessageHub> hub_;           // from Open() to Close()
    std::unique_ptr<PulseQuestions> questions_; // the same
    std::vector<std::unique_ptr<IPluginPart>> parts_;
    std::unique_ptr<AuditLogging> auditLogs_;
    std::unique_ptr<Housekeeper> housekeeper_;
    std::unique_ptr<DatabaseBackend> backend_;
  };

  // The entry points of the index plugins: what OrthancPluginInitialize() and OrthancPluginFinalize() do. The
  // one plugin object of the library lives between the two calls.
  int32_t InitializeIndexPlugin(OrthancPluginContext* context, const char* pluginName,
                                const char* description, std::unique_ptr<IIndexEngine> engine);
  void FinalizeIndexPlugin();
}
