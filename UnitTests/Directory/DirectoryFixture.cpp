// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Directory/DirectoryFixture.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "UnitTests/ReadOnlyDatabase.h"

namespace OrthancRegistry::Testing
{
  DirectoryReplica::DirectoryReplica(TestDatabase& database, const std::string& name,
                                     const DirectoryConfiguration& configuration)
      : configuration_(configuration), identity_{GenerateUuid(), name, "Name of " + name, "1.13.0"},
        coreDatabase_(database.Connect()),
        syncDatabase_(configuration.isReadOnly ? std::make_unique<ReadOnlyDatabase>(database.Connect())
                                               : database.Connect()),
        secrets_(configuration), bus_(database.CreateBus()), store_(secrets_, *bus_),
        core_(std::make_unique<FakeLists>(*coreDatabase_, database.GetDialect(), name)),
        sync_(std::make_unique<DirectorySync>(configuration_, identity_, syncDatabase_, store_, mirrors_,
                                              *core_, std::chrono::hours(1))),
        edge_(std::make_unique<DirectoryEdge>(
            configuration_, name, store_, mirrors_,
            [this](DirectoryKind, const std::string&)
            {
              return DirectoryAuthor{"alice", "10.0.0.1", identity_.name};
            },
            [this]
            {
              sync_->Wake();
            }))
  {
    if (configuration.isReadOnly)
    {
      core_->SetReadOnly();
    }
    core_->Connect(*edge_,
                   [this]
                   {
                     sync_->Doubt();
                   });
    bus_->SetHandler(
        [this](std::string_view message)
        {
          if (message.empty() || message.starts_with(DirectoryStore::MESSAGE_PREFIX))
          {
            sync_->Wake();
          }
        });
  }

  DirectoryReplica::~DirectoryReplica()
  {
    syncDatabase_.SetFrozen(false);
    bus_->Stop();
    sync_->Stop();
  }

  void DirectoryReplica::Start(bool hasBus)
  {
    core_->Load();
    sync_->Start();
    if (hasBus)
    {
      bus_->Start();
    }
  }

  void DirectoryReplica::Put(const std::string& name, const Json::Value& value, DirectoryKind kind)
  {
    sync_->EnsureFresh();
    core_->Put(kind, name, value);
  }

  void DirectoryReplica::Delete(const std::string& name, DirectoryKind kind)
  {
    sync_->EnsureFresh();
    core_->Delete(kind, name);
  }

  Json::Value DirectoryReplica::Get(const std::string& name, DirectoryKind kind)
  {
    sync_->EnsureFresh();
    return core_->Get(kind, name);
  }

  void DirectoryTest::SetUp()
  {
    EngineTest::SetUp();
    database_->Migrate("Messages");
    database_->Migrate("Directory");
    configuration_.areModalitiesShared = true;
    configuration_.arePeersShared = true;
    configuration_.patienceMilliseconds = 20000; // what is tested must not depend on a slow machine
    bus_ = database_->CreateBus();
  }

  DirectoryReplica& DirectoryTest::AddReplica(const std::string& name, bool hasBus)
  {
    replicas_.push_back(std::make_unique<DirectoryReplica>(*database_, name, configuration_));
    replicas_.back()->Start(hasBus);
    return *replicas_.back();
  }

  Json::Value DirectoryTest::MakeModality(const std::string& aet, int port)
  {
    Json::Value value(Json::objectValue);
    value["AET"] = aet;
    value["Host"] = "host";
    value["Port"] = port;
    return DirectoryFormat::Format(MODALITIES, DirectoryFormat::Parse(MODALITIES, value));
  }

  Json::Value DirectoryTest::MakePeer(const std::string& url, const std::string& password)
  {
    Json::Value value(Json::arrayValue);
    value.append(url);
    value.append("user");
    value.append(password);
    return DirectoryFormat::Format(PEERS, DirectoryFormat::Parse(PEERS, value));
  }

  DirectoryEntry DirectoryTest::GetRow(const std::string& name, DirectoryKind kind)
  {
    const SecretBox secrets(configuration_);
    const DirectoryStore store(secrets, *bus_);
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    return store.ReadNamed(transaction, kind, {name}).front();
  }

  void DirectoryTest::WriteRow(const std::string& name, const Json::Value& value, DirectoryKind kind)
  {
    const SecretBox secrets(configuration_);
    const DirectoryStore store(secrets, *bus_);
    DirectoryStore::Write write;
    write.kind = kind;
    write.name = name;
    if (!value.isNull())
    {
      write.value =
          kind == MODALITIES ? DirectoryValue{WriteJson(value), ""} : DirectoryFormat::Parse(kind, value);
    }
    RunTransaction(GetDatabase(), AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     store.Apply(transaction, write);
                   });
  }

  int64_t DirectoryTest::CountProblems(const std::string& name)
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    return transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectoryProblems WHERE name = $1",
                                           name);
  }

  int64_t DirectoryTest::CountHistory()
  {
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    return transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectoryHistory");
  }
}
