// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryEdge.h"
#include "Framework/Directory/DirectorySync.h"
#include "Framework/Plugin/CoreLists.h"
#include "Framework/Plugin/DirectoryEntryHandler.h"
#include "Framework/Plugin/DirectoryHandler.h"
#include "Framework/Plugin/IPluginPart.h"
#include "Framework/Plugin/RequestFilter.h"
#include "Framework/Plugin/RestEdge.h"

namespace OrthancRegistry
{
  // The shared lists of modalities and peers: the core loads and saves them here, and before a request that
  // reads them is served, its memory is brought up to date.
  class SharedDirectory : public IPluginPart, public IPropertyOwner
  {
  public:
    // The second one is that of Orthanc.
    SharedDirectory(const DirectoryConfiguration& configuration, const Json::Value& core);
    ~SharedDirectory() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

    bool Owns(const std::string& server, int property) const override;
    std::optional<std::string> Lookup(IndexTransaction& transaction, const std::string& server,
                                      int property) override;
    void Set(IndexTransaction& transaction, const std::string& server, int property,
             const std::string& value) override;

    // Before something at that path is done. From Open() to Close().
    void Prepare(std::string_view path);

    // A writing transaction of the core could not be started. Thread-safe, at any time between Open() and
    // Close().
    void OnNotStarted();

  private:
    void RegisterRoutes();
    void OpenEdges(const PartContext& context);
    void AskForVersions(PulseQuestions& questions);
    void AnnounceChange(IDatabase& database);
    bool Admit(HttpMethod method, std::string_view path);

    const DirectoryConfiguration configuration_;
    const SecretBox secrets_;
    const bool areRevisionsChecked_; // option "CheckRevisions" of the core
    const Json::Value ownLists_;     // what the configuration of the core lists
    RestEdge<DirectoryEntryHandler> entriesEdge_;
    RestEdge<DirectoryHandler> listsEdge_;
    CoreLists core_;
    std::unique_ptr<IMessageBus> bus_;
    std::unique_ptr<DirectoryStore> store_;
    std::unique_ptr<DirectoryMirrors> mirrors_;
    std::unique_ptr<DirectorySync> sync_;
    std::vector<std::shared_ptr<PulseQuestions::Asked>> questions_;
    std::unique_ptr<DirectoryEdge> properties_;
  };
}
