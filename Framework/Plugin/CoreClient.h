// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/ICoreClient.h"
#include "Framework/Plugin/HttpCall.h"

#include <functional>
#include <future>
#include <map>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  struct CoreAnswer
  {
    int status = 0; // of HTTP
    std::string body;
    std::map<std::string, std::string> headers; // names in lower case
  };

  // A call to the REST API that is built into the core. The core reports most refusals as an error code:
  // these are a RegistryError with that code (the core's own message is lost on the way). To be called from
  // threads of normal stack size only.
  // With "Plugins" the routes of plugins are called as well, those of this one included.
  enum class CoreRoutes
  {
    BuiltIn,
    Plugins
  };
  CoreAnswer CallCore(HttpMethod method, const std::string& uri, std::string_view body = {},
                      CoreRoutes routes = CoreRoutes::BuiltIn);

  // The same for routes whose handler answers nothing where it means "no": unknown jobs, refused actions.
  // Calls from within the core report this as an unknown resource.
  std::optional<CoreAnswer> TryCallCore(HttpMethod method, const std::string& uri);

  // The threads of the HTTP server have a stack of about 100 KiB: what may go deep runs on a thread of its
  // own while the calling one waits. Passes exceptions on.
  template <typename Action>
  auto RunOnOwnStack(Action action)
  {
    return std::async(std::launch::async, std::move(action)).get();
  }

  // What the jobs need of the core of this process. The contents of jobs are redacted as soon as they are
  // read, so that no secret reaches the database. Thread-safe, but for BeforeSubmit().
  class CoreClient : public ICoreClient
  {
  public:
    // Called with the URI of each job, before the core is called. To be set before the first one.
    void BeforeSubmit(std::function<void(const std::string& uri)> action)
    {
      beforeSubmit_ = std::move(action);
    }

    std::string SubmitJob(const std::string& uri, const std::string& body) override;
    std::vector<CoreJob> GetJobs() override;
    std::optional<CoreJob> GetJob(const std::string& id) override;
    bool CancelJob(const std::string& id) override;
    ErrorCode Act(const std::string& id, JobAction action) override;
    bool DeleteJob(const std::string& id) override;
    std::unique_ptr<ICoreOutput> GetOutput(const std::string& id, const std::string& key) override;

  private:
    std::function<void(const std::string& uri)> beforeSubmit_;
  };
}
