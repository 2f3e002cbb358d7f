// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Directory/FakeLists.h"

#include "Framework/Common/Json.h"
#include "Framework/Directory/DirectoryFormat.h"

#include <chrono>
#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    int GetProperty(DirectoryKind kind)
    {
      return kind == DirectoryKind::Modalities ? 20 : 21;
    }
  }

  FakeLists::FakeLists(IDatabase& database, const IIndexDialect& dialect, std::string server)
      : database_(database), dialect_(dialect), server_(std::move(server))
  {
    lists_[DirectoryKind::Modalities] = Json::objectValue;
    lists_[DirectoryKind::Peers] = Json::objectValue;
  }

  void FakeLists::Connect(IPropertyOwner& properties, std::function<void()> onNotStarted)
  {
    properties_ = &properties;
    onNotStarted_ = std::move(onNotStarted);
  }

  void FakeLists::Load()
  {
    const std::lock_guard lock(mutex_);
    for (auto& [kind, list] : lists_)
    {
      IndexTransaction transaction(database_, dialect_, AccessMode::ReadOnly);
      list = ParseJson(properties_->Lookup(transaction, server_, GetProperty(kind)).value());
      transaction.Commit();
      for (Json::Value& entry : list)
      {
        entry.removeMember(NOT_IN_THIS_VERSION);
      }
    }
  }

  void FakeLists::Put(DirectoryKind kind, const std::string& name, const Json::Value& value)
  {
    if (!value.isObject() || value["Manufacturer"] == REFUSED)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange, "The core refuses this");
    }
    Json::Value entry = value;
    entry.removeMember(NOT_IN_THIS_VERSION);
    const std::lock_guard lock(mutex_);
    puts_[name]++;
    lists_[kind][name] = entry;
    Save(kind);
  }

  void FakeLists::Delete(DirectoryKind kind, const std::string& name)
  {
    const std::lock_guard lock(mutex_);
    if (!lists_[kind].isMember(name))
    {
      throw RegistryError(ErrorCode::InexistentItem, "The core does not know this");
    }
    lists_[kind].removeMember(name);
    Save(kind);
  }

  void FakeLists::SetReadOnly()
  {
    isReadOnly_ = true;
  }

  void FakeLists::Save(DirectoryKind kind)
  {
    if (isReadOnly_)
    {
      throw RegistryError(ErrorCode::ReadOnly, "The core must not write");
    }
    for (unsigned int attempt = 0;; attempt++)
    {
      try
      {
        TrySave(kind);
        return;
      }
      catch (const RetryableError& error)
      {
        if (attempt >= maximumRetries_)
        {
          throw RegistryError(error.GetCode(), error.what());
        }
      }
      catch (const DatabaseError& error)
      {
        throw RegistryError(error.GetCode(), error.what());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2 * attempt));
    }
  }

  void FakeLists::TrySave(DirectoryKind kind)
  {
    std::unique_ptr<IndexTransaction> transaction;
    try
    {
      if (failingStarts_ > 0)
      {
        failingStarts_--;
        throw ConnectionLostError("No connection, by order of the test");
      }
      transaction = std::make_unique<IndexTransaction>(database_, dialect_, AccessMode::ReadWrite);
    }
    catch (...)
    {
      onNotStarted_();
      throw;
    }
    try
    {
      properties_->Set(*transaction, server_, GetProperty(kind), WriteJson(lists_[kind]));
      if (beforeCommit_)
      {
        beforeCommit_();
      }
      transaction->Commit();
    }
    catch (const ConnectionLostError& error)
    {
      throw RetryableError(error.what());
    }
  }

  std::set<std::string> FakeLists::GetNames(DirectoryKind kind)
  {
    const std::lock_guard lock(mutex_);
    const auto names = lists_[kind].getMemberNames();
    return {names.begin(), names.end()};
  }

  Json::Value FakeLists::GetAll(DirectoryKind kind)
  {
    const std::lock_guard lock(mutex_);
    return lists_[kind];
  }

  Json::Value FakeLists::Get(DirectoryKind kind, const std::string& name)
  {
    const std::lock_guard lock(mutex_);
    return lists_[kind].isMember(name) ? lists_[kind][name] : Json::Value();
  }

  void FakeLists::SetMaximumRetries(unsigned int count)
  {
    const std::lock_guard lock(mutex_);
    maximumRetries_ = count;
  }

  void FakeLists::FailStarts(unsigned int count)
  {
    const std::lock_guard lock(mutex_);
    failingStarts_ = count;
  }

  void FakeLists::BeforeCommit(std::function<void()> action)
  {
    const std::lock_guard lock(mutex_);
    beforeCommit_ = std::move(action);
  }

  size_t FakeLists::CountPuts()
  {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const auto& [name, puts] : puts_)
    {
      count += puts;
    }
    return count;
  }

  size_t FakeLists::CountPuts(const std::string& name)
  {
    const std::lock_guard lock(mutex_);
    return puts_[name];
  }
}
