// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/ICoreLists.h"
#include "Framework/Index/IndexExtensions.h"

#include <functional>
#include <mutex>

namespace OrthancRegistry::Testing
{
  // The lists of a core: a change is made in the memory first, then the whole list is saved in a transaction
  // that is tried again if another one was in the way; if that fails, the memory keeps the change. All of it
  // under one lock. Thread-safe.
  class FakeLists : public ICoreLists
  {
  public:
    static constexpr const char* NOT_IN_THIS_VERSION = "NewMember"; // such members are dropped
    static constexpr const char* REFUSED = "UnknownOne";            // as manufacturer of modalities

    FakeLists(IDatabase& database, const IIndexDialect& dialect, std::string server);

    // What the plugin gives the core. "onNotStarted": a writing transaction could not be started.
    void Connect(IPropertyOwner& properties, std::function<void()> onNotStarted);

    // From now on the core saves nothing: option "ReadOnly"
    void SetReadOnly();

    // At the start of the core
    void Load();

    void Put(DirectoryKind kind, const std::string& name, const Json::Value& value) override;
    void Delete(DirectoryKind kind, const std::string& name) override;
    std::set<std::string> GetNames(DirectoryKind kind) override;

    Json::Value GetAll(DirectoryKind kind);
    Json::Value Get(DirectoryKind kind, const std::string& name); // null if there is none

    // How often a transaction is tried again
    void SetMaximumRetries(unsigned int count);

    // So many transactions cannot be started from now on.
    void FailStarts(unsigned int count);

    // Called between the save and its commit, from now on; what it throws makes the save fail.
    void BeforeCommit(std::function<void()> action);

    size_t CountPuts();
    size_t CountPuts(const std::string& name); // what has been refused does not count

  private:
    void Save(DirectoryKind kind);
    void TrySave(DirectoryKind kind);

    IDatabase& database_;
    const IIndexDialect& dialect_;
    const std::string server_;
    IPropertyOwner* properties_ = nullptr;
    std::function<void()> onNotStarted_;

    std::mutex mutex_;
    std::map<DirectoryKind, Json::Value> lists_;
    bool isReadOnly_ = false;
    unsigned int maximumRetries_ = 3;
    unsigned int failingStarts_ = 0;
    std::function<void()> beforeCommit_;
    std::map<std::string, size_t> puts_;
  };
}
