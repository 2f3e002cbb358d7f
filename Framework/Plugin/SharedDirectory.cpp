// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedDirectory.h"

#include "Framework/Database/Retry.h"
#include "Framework/Directory/DirectoryImport.h"
#include "Framework/Directory/DirectoryPaths.h"
#include "Framework/Plugin/DirectoryRoutes.h"
#include "Framework/Plugin/RegistryConfiguration.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::seconds LOOK_INTERVAL{5}; // if no heartbeat tells of changes

    Json::Value ReadOwnLists(const Json::Value& core)
    {
      Json::Value lists(Json::objectValue);
      for (const char* section : {"DicomModalities", "OrthancPeers"})
      {
        if (core.isMember(section))
        {
          lists[section] = core[section];
        }
      }
      return lists;
    }

    bool ReadBoolean(const Json::Value& core, const char* option)
    {
      const Json::Value& value = GetSection(core, option);
      return value.isBool() && value.asBool();
    }
  }

  SharedDirectory::SharedDirectory(const DirectoryConfiguration& configuration, const Json::Value& core)
      : configuration_(configuration), secrets_(configuration),
        areRevisionsChecked_(ReadBoolean(core, "CheckRevisions")), ownLists_(ReadOwnLists(core))
  {
    WarnAboutClearSecrets(configuration_, secrets_);
    RegisterRoutes();
  }

  SharedDirectory::~SharedDirectory()
  {
    Close();
  }

  // Without revisions the core serves its own routes.
  void SharedDirectory::RegisterRoutes()
  {
    RegisterDirectoryRoutes(listsEdge_);
    if (areRevisionsChecked_ && configuration_.areModalitiesShared)
    {
      entriesEdge_.Register<&DirectoryEntryHandler::AccessModality>("/modalities/([^/]+)");
      entriesEdge_.Register<&DirectoryEntryHandler::ReadModality>("/modalities/([^/]+)/configuration");
    }
    if (areRevisionsChecked_ && configuration_.arePeersShared)
    {
      entriesEdge_.Register<&DirectoryEntryHandler::AccessPeer>("/peers/([^/]+)");
      entriesEdge_.Register<&DirectoryEntryHandler::ReadPeer>("/peers/([^/]+)/configuration");
    }
  }

  std::vector<std::string_view> SharedDirectory::GetComponents() const
  {
    return {"Directory"};
  }

  void SharedDirectory::Open(const PartContext& context)
  {
    if (!configuration_.isReadOnly)
    {
      DirectoryImport::Run(context.database, configuration_, secrets_,
                           {context.dialect.GetServerPropertiesQuery(), ownLists_}, context.identity.name);
    }
    bus_ = context.hub.MakeChannel();
    store_ = std::make_unique<DirectoryStore>(secrets_, *bus_);
    mirrors_ = std::make_unique<DirectoryMirrors>();
    sync_ =
        std::make_unique<DirectorySync>(configuration_, context.identity, context.database, *store_,
                                        *mirrors_, core_, context.questions.GetLookInterval(LOOK_INTERVAL));
    bus_->SetHandler(
        [this](std::string_view message)
        {
          if (message.empty() || message.starts_with(DirectoryStore::MESSAGE_PREFIX))
          {
            sync_->Wake();
          }
        });
    OpenEdges(context);
    AskForVersions(context.questions);
  }

  // For messages that get lost
  void SharedDirectory::AskForVersions(PulseQuestions& questions)
  {
    for (const DirectoryKind kind : DIRECTORY_KINDS)
    {
      if (IsShared(configuration_, kind))
      {
        questions_.push_back(questions.Ask({DirectoryStore::GetVersionQuestion(kind),
                                            [this, kind](std::optional<int64_t> version)
                                            {
                                              if (version)
                                              {
                                                sync_->OnVersion(kind, *version);
                                              }
                                            }}));
      }
    }
  }

  void SharedDirectory::OpenEdges(const PartContext& context)
  {
    const auto getAuthor = [replica = context.identity.name](DirectoryKind kind, const std::string& name)
    {
      const auto sender = RequestFilter::GetSender(CoreLists::GetPath(kind, name));
      return DirectoryAuthor{sender.user, sender.remoteIp, replica};
    };
    properties_ = std::make_unique<DirectoryEdge>(configuration_, context.identity.serverIdentifier, *store_,
                                                  *mirrors_, getAuthor,
                                                  [this]
                                                  {
                                                    sync_->Wake();
                                                  });
    entriesEdge_.Open(std::make_unique<DirectoryEntryHandler>(*mirrors_, *sync_));
    listsEdge_.Open(std::make_unique<DirectoryHandler>(configuration_, secrets_, context.database,
                                                       context.identity.name,
                                                       [this, &database = context.database]
                                                       {
                                                         AnnounceChange(database);
                                                       }));
    RequestFilter::AddGate(
        [this](HttpMethod method, std::string_view path)
        {
          return Admit(method, path);
        });
  }

  void SharedDirectory::AnnounceChange(IDatabase& database)
  {
    RunTransaction(database, AccessMode::ReadWrite,
                   [this](Transaction& transaction)
                   {
                     bus_->Publish(transaction, DirectoryStore::MESSAGE_PREFIX);
                   });
  }

  void SharedDirectory::Start()
  {
    sync_->Start();
    if (!configuration_.isReadOnly) // LISTEN is a write for a server that follows another one
    {
      bus_->Start();
    }
  }

  // The core holds a lock during this event that it also needs to change its lists.
  void SharedDirectory::Stop()
  {
    bus_->Stop();
    sync_->Quit();
  }

  // The gate has been taken away before.
  void SharedDirectory::Close()
  {
    questions_.clear();
    entriesEdge_.Close();
    listsEdge_.Close();
    if (bus_)
    {
      bus_->Stop();
      sync_->Stop();
    }
    properties_.reset();
    sync_.reset();
    mirrors_.reset();
    store_.reset();
    bus_.reset();
  }

  void SharedDirectory::OnChange(OrthancPluginChangeType /*type*/, const char* /*resourceId*/)
  {
  }

  bool SharedDirectory::Owns(const std::string& server, int property) const
  {
    return properties_ && properties_->Owns(server, property);
  }

  std::optional<std::string> SharedDirectory::Lookup(IndexTransaction& transaction, const std::string& server,
                                                     int property)
  {
    return properties_->Lookup(transaction, server, property);
  }

  void SharedDirectory::Set(IndexTransaction& transaction, const std::string& server, int property,
                            const std::string& value)
  {
    properties_->Set(transaction, server, property, value);
  }

  bool SharedDirectory::Admit(HttpMethod method, std::string_view path)
  {
    const bool isChange = method == HttpMethod::Put || method == HttpMethod::Delete;
    if ((configuration_.isFrozen || configuration_.isReadOnly) && isChange &&
        DirectoryPaths::IsEntry(configuration_, path))
    {
      return false;
    }
    Prepare(path);
    return true;
  }

  void SharedDirectory::Prepare(std::string_view path)
  {
    if (DirectoryPaths::MayRead(configuration_, path))
    {
      sync_->EnsureFresh();
    }
  }

  void SharedDirectory::OnNotStarted()
  {
    if (sync_)
    {
      sync_->Doubt();
    }
  }
}
