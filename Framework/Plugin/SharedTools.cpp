// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedTools.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/ReplicaCallRules.h"

namespace OrthancRegistry
{
  namespace
  {
    void RemoveInstances(const std::string& sopInstanceUid)
    {
      const CoreAnswer found = CallCore(HttpMethod::Post, "/tools/lookup", sopInstanceUid);
      for (const Json::Value& resource : ParseJson(found.body))
      {
        if (resource["Type"].asString() == "Instance")
        {
          // None if somebody else has just removed it
          try
          {
            CallCore(HttpMethod::Delete, "/instances/" + resource["ID"].asString());
          }
          catch (const RegistryError& error)
          {
            if (error.GetCode() != ErrorCode::UnknownResource)
            {
              throw;
            }
          }
        }
      }
    }
  }

  SharedTools::SharedTools(const JobsOptions& options) : options_(options)
  {
    tools_.Register<&ToolsHandler::Access>("/cluster/tools/([^/]+)");
    tools_.Register<&ToolsHandler::Change>("/cluster/everywhere/tools/([^/]+)");
    commitments_.Register<&CommitmentHandler::Read>("/storage-commitment/([^/]+)");
    commitments_.Register<&CommitmentHandler::Remove>("/storage-commitment/([^/]+)/remove");
  }

  SharedTools::~SharedTools()
  {
    Close();
  }

  std::vector<std::string_view> SharedTools::GetComponents() const
  {
    return {"Calls"};
  }

  void SharedTools::Open(const PartContext& context)
  {
    bus_ = context.hub.MakeChannel();
    ReplicaCallsOptions options;
    options.targetInterval = context.questions.GetLookInterval(options.targetInterval);
    calls_ = std::make_unique<ReplicaCalls>(context.identity, context.database, *bus_, core_,
                                            ReplicaCallRules::IsAllowed, options);
    question_ = context.questions.Ask({ReplicaCallStore::GetWaitingQuestion(),
                                       [this](std::optional<int64_t> isAnyWaiting)
                                       {
                                         if (isAnyWaiting == 1)
                                         {
                                           calls_->Wake();
                                         }
                                       }});
    tools_.Open(std::make_unique<ToolsHandler>(options_, *calls_));
    commitments_.Open(std::make_unique<CommitmentHandler>(*calls_, RemoveInstances));
  }

  void SharedTools::Start()
  {
    calls_->Start();
  }

  void SharedTools::Stop()
  {
    calls_->Stop();
  }

  void SharedTools::Close()
  {
    question_.reset();
    if (calls_)
    {
      calls_->Stop(); // those who wait are sent away, so that the routes can be closed
    }
    commitments_.Close();
    tools_.Close();
    calls_.reset();
    bus_.reset();
  }

  void SharedTools::OnChange(OrthancPluginChangeType /*type*/, const char* /*resourceId*/)
  {
  }
}
