// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedDirectory.h"

#include "Framework/Directory/DirectoryPaths.h"

namespace OrthancRegistry
{
  SharedDirectory::SharedDirectory(const DirectoryConfiguration& configuration, bool areRevisionsChecked)
      : configuration_(configuration), secrets_(configuration), areRevisionsChecked_(areRevisionsChecked)
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
    if (areRevisionsChecked_ && configuration_.areModalitiesShared)
    {
      edge_.Register<&DirectoryEntryHandler::AccessModality>("/modalities/([^/]+)");
      edge_.Register<&DirectoryEntryHandler::ReadModality>("/modalities/([^/]+)/configuration");
    }
    if (areRevisionsChecked_ && configuration_.arePeersShared)
    {
      edge_.Register<&DirectoryEntryHandler::AccessPeer>("/peers/([^/]+)");
      edge_.Register<&DirectoryEntryHandler::ReadPeer>("/peers/([^/]+)/configuration");
    }
  }

  std::vector<std::string_view> SharedDirectory::GetComponents() const
  {
    return {"Directory"};
  }

  void SharedDirectory::Open(const PartContext& context)
  {
    bus_ = context.hub.MakeChannel();
    store_ = std::make_unique<DirectoryStore>(secrets_, *bus_);
    mirrors_ = std::make_unique<DirectoryMirrors>();
    sync_ = std::make_unique<DirectorySync>(configuration_, context.identity, context.database, *store_,
                                            *mirrors_, core_);
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
    bus_->SetHandler(
        [this](std::string_view message)
        {
          if (message.empty() || message.starts_with(DirectoryStore::MESSAGE_PREFIX))
          {
            sync_->Wake();
          }
        });
    edge_.Open(std::make_unique<DirectoryEntryHandler>(*mirrors_, *sync_));
    RequestFilter::AddGate(
        [this](HttpMethod method, std::string_view path)
        {
          return Admit(method, path);
        });
  }

  void SharedDirectory::Start()
  {
    sync_->Start();
    bus_->Start();
  }

  void SharedDirectory::Stop()
  {
    bus_->Stop();
    sync_->Stop();
  }

  // The gate has been taken away before.
  void SharedDirectory::Close()
  {
    edge_.Close();
    if (bus_)
    {
      Stop();
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
    if (configuration_.isFrozen && isChange && DirectoryPaths::IsEntry(configuration_, path))
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
