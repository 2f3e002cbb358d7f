// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Uuid.h"
#include "Framework/Replicas/ReplicaCalls.h"
#include "Framework/Replicas/ReplicaRegistry.h"
#include "UnitTests/TestDatabases.h"
#include "UnitTests/Waiting.h"

#include <atomic>
#include <functional>
#include <mutex>

namespace OrthancRegistry::Testing
{
  // A core that answers what the test says, and remembers what it was asked. Thread-safe.
  class FakeCaller : public ICoreCaller
  {
  public:
    using Script = std::function<CoreReply(const CoreRequest&)>;

    CoreReply Call(const CoreRequest& request) override
    {
      Script script;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        script = script_;
      }
      return script ? script(request) : CoreReply{200, 0, "", "text/plain", "done"};
    }

    void Answer(Script script)
    {
      const std::lock_guard lock(mutex_);
      script_ = std::move(script);
    }

    void Refuse(ErrorCode code, int status)
    {
      Answer(
          [code, status](const CoreRequest&)
          {
            return CoreReply{status, static_cast<int>(code), "Refused", "", ""};
          });
    }

    std::vector<CoreRequest> GetRequests()
    {
      const std::lock_guard lock(mutex_);
      return requests_;
    }

  private:
    std::mutex mutex_;
    std::vector<CoreRequest> requests_;
    Script script_;
  };

  // Nothing that is published arrives, as long as it is silent.
  class DeafBus : public IMessageBus
  {
  public:
    explicit DeafBus(std::unique_ptr<IMessageBus> bus) : bus_(std::move(bus))
    {
    }

    void Publish(Transaction& transaction, std::string_view message) override
    {
      if (!isSilent_)
      {
        bus_->Publish(transaction, message);
      }
    }

    void SetHandler(Handler handler) override
    {
      bus_->SetHandler(std::move(handler));
    }

    void Start() override
    {
      bus_->Start();
    }

    void Stop() override
    {
      bus_->Stop();
    }

    void SetSilent()
    {
      isSilent_ = true;
    }

  private:
    std::unique_ptr<IMessageBus> bus_;
    std::atomic<bool> isSilent_ = false;
  };

  // One Orthanc, as the calls between replicas see it; alive until it is destroyed, for at most an hour.
  class CallingReplica
  {
  public:
    CallingReplica(TestDatabase& database, const std::string& name, const ReplicaCalls::Rule& rule,
                   const ReplicaCallsOptions& options)
        : identity_{GenerateUuid(), name, "Name of " + name, "1.13.0"}, database_(database.Connect()),
          bus_(database.CreateBus()), registry_(MakeConfiguration(), identity_, *database_),
          calls_(std::make_unique<ReplicaCalls>(identity_, *database_, bus_, core_, rule, options)),
          store_(identity_, *database_, bus_)
    {
      registry_.Register();
    }

    const ReplicaIdentity& GetIdentity() const
    {
      return identity_;
    }

    ReplicaCalls& Get()
    {
      return *calls_;
    }

    FakeCaller& GetCore()
    {
      return core_;
    }

    DeafBus& GetBus()
    {
      return bus_;
    }

    ReplicaCallStore& GetStore()
    {
      return store_;
    }

    ReplicaRegistry& GetRegistry()
    {
      return registry_;
    }

  private:
    static JobsConfiguration MakeConfiguration()
    {
      JobsConfiguration configuration;
      configuration.leaseSeconds = 3600;
      return configuration;
    }

    ReplicaIdentity identity_;
    std::unique_ptr<IDatabase> database_;
    DeafBus bus_;
    FakeCaller core_;
    ReplicaRegistry registry_;
    std::unique_ptr<ReplicaCalls> calls_;
    ReplicaCallStore store_;
  };

  // Replicas on one database. They need no message to go on.
  class ReplicaCallsTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Messages");
      database_->Migrate("Jobs");
      database_->Migrate("Calls");
      options_.targetInterval = std::chrono::hours(1);
      options_.callerInterval = std::chrono::milliseconds(100);
      options_.patience = std::chrono::seconds(20);
    }

    void TearDown() override
    {
      while (!replicas_.empty())
      {
        replicas_.pop_back();
      }
    }

    CallingReplica& AddReplica(const std::string& name, bool isStarted = true)
    {
      replicas_.push_back(std::make_unique<CallingReplica>(*database_, name, rule_, options_));
      if (isStarted)
      {
        replicas_.back()->Get().Start();
      }
      return *replicas_.back();
    }

    template <typename Column, typename... Arguments>
    Column QueryValue(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
      return transaction.QueryValue<Column>(sql, arguments...);
    }

    template <typename... Arguments>
    void Execute(std::string_view sql, const Arguments&... arguments)
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      transaction.Execute(sql, arguments...);
      transaction.Commit();
    }

    ReplicaCalls::Rule rule_ = [](const CoreRequest& request)
    {
      return request.uri != "/forbidden";
    };
    ReplicaCallsOptions options_;
    std::vector<std::unique_ptr<CallingReplica>> replicas_;
  };
}
