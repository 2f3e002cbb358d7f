// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/MessageHub.h"
#include "Framework/Directory/DirectoryEdge.h"
#include "Framework/Directory/DirectorySync.h"
#include "UnitTests/Directory/FakeLists.h"
#include "UnitTests/Jobs/TestCluster.h"

namespace OrthancRegistry::Testing
{
  constexpr DirectoryKind MODALITIES = DirectoryKind::Modalities;
  constexpr DirectoryKind PEERS = DirectoryKind::Peers;

  // One Orthanc, as the shared lists see it
  class DirectoryReplica
  {
  public:
    DirectoryReplica(TestDatabase& database, const std::string& name,
                     const DirectoryConfiguration& configuration);
    ~DirectoryReplica();

    // The core loads its lists, and the background begins.
    void Start(bool hasBus = true);

    FakeLists& GetCore()
    {
      return *core_;
    }

    DirectorySync& GetSync()
    {
      return *sync_;
    }

    DirectoryMirror& GetMirrorOf(DirectoryKind kind)
    {
      return GetMirror(mirrors_, kind);
    }

    GatedDatabase& GetDatabase() // of the synchronization
    {
      return syncDatabase_;
    }

    // As a client of this replica does it: the request is filtered first.
    void Put(const std::string& name, const Json::Value& value, DirectoryKind kind = MODALITIES);
    void Delete(const std::string& name, DirectoryKind kind = MODALITIES);
    Json::Value Get(const std::string& name, DirectoryKind kind = MODALITIES);

  private:
    const DirectoryConfiguration configuration_;
    ReplicaIdentity identity_;
    std::unique_ptr<IDatabase> coreDatabase_;
    GatedDatabase syncDatabase_;
    SecretBox secrets_;
    std::unique_ptr<IMessageBus> bus_;
    DirectoryStore store_;
    DirectoryMirrors mirrors_;
    std::unique_ptr<FakeLists> core_;
    std::unique_ptr<DirectorySync> sync_;
    std::unique_ptr<DirectoryEdge> edge_;
  };

  class DirectoryTest : public EngineTest
  {
  protected:
    void SetUp() override;

    DirectoryReplica& AddReplica(const std::string& name, bool hasBus = true);

    static Json::Value MakeModality(const std::string& aet, int port = 104);
    static Json::Value MakePeer(const std::string& url, const std::string& password);

    // The entry in the database
    DirectoryEntry GetRow(const std::string& name, DirectoryKind kind = MODALITIES);

    // As somebody with a newer Orthanc, or with psql, does it
    void WriteRow(const std::string& name, const Json::Value& value, DirectoryKind kind = MODALITIES);

    int64_t CountProblems(const std::string& name);
    int64_t CountHistory();

    DirectoryConfiguration configuration_;
    std::vector<std::unique_ptr<DirectoryReplica>> replicas_;
    std::unique_ptr<IMessageBus> bus_;
  };
}
