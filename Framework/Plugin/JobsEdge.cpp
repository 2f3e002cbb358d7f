// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsEdge.h"

#include "Framework/Plugin/PluginContext.h"

#include <atomic>

namespace OrthancRegistry
{
  struct JobsEdge::Opened
  {
    Opened(const JobsOptions& options, JobsService& serviceToUse, IResourceLookup& resources)
        : service(serviceToUse), handler(options, serviceToUse, resources)
    {
    }

    JobsService& service;
    JobsHandler handler;
  };

  namespace
  {
    constexpr int DATABASE_NOT_INITIALIZED = 2038; // how the core says that it is not ready yet

    // Callbacks of routes carry no pointer of the plugin
    std::atomic<JobsEdge*> instance = nullptr;

    HttpMethod FromSdk(OrthancPluginHttpMethod method)
    {
      switch (method)
      {
      case OrthancPluginHttpMethod_Post:
        return HttpMethod::Post;
      case OrthancPluginHttpMethod_Put:
        return HttpMethod::Put;
      case OrthancPluginHttpMethod_Delete:
        return HttpMethod::Delete;
      default:
        return HttpMethod::Get;
      }
    }

    std::optional<CoreJobEvent> GetJobEvent(OrthancPluginChangeType type)
    {
      switch (type)
      {
      case OrthancPluginChangeType_JobSubmitted:
        return CoreJobEvent::Submitted;
      case OrthancPluginChangeType_JobSuccess:
        return CoreJobEvent::Success;
      case OrthancPluginChangeType_JobFailure:
        return CoreJobEvent::Failure;
      default:
        return std::nullopt;
      }
    }

    HttpCall ReadCall(const char* url, const OrthancPluginHttpRequest& request)
    {
      HttpCall call;
      call.method = FromSdk(request.method);
      call.path = url;
      for (uint32_t i = 0; i < request.getCount; i++)
      {
        call.arguments[request.getKeys[i]] = request.getValues[i];
      }
      if (request.body != nullptr)
      {
        call.body = std::string_view(static_cast<const char*>(request.body), request.bodySize);
      }
      return call;
    }

    void Send(OrthancPluginRestOutput* output, const HttpAnswer& answer)
    {
      OrthancPluginContext* context = PluginContext::Get();
      if (answer.status == 405)
      {
        OrthancPluginSendMethodNotAllowed(context, output, answer.allowedMethods.c_str());
        return;
      }

      std::string contentType = "text/plain";
      for (const auto& [name, value] : answer.headers)
      {
        if (name == "Content-Type")
        {
          contentType = value;
        }
        else
        {
          OrthancPluginSetHttpHeader(context, output, name.c_str(), value.c_str());
        }
      }

      if (answer.status == 200)
      {
        OrthancPluginAnswerBuffer(context, output, answer.body.data(),
                                  static_cast<uint32_t>(answer.body.size()), contentType.c_str());
      }
      else if (answer.body.empty())
      {
        OrthancPluginSendHttpStatusCode(context, output, static_cast<uint16_t>(answer.status));
      }
      else
      {
        OrthancPluginSetHttpHeader(context, output, "Content-Type", contentType.c_str());
        OrthancPluginSendHttpStatus(context, output, static_cast<uint16_t>(answer.status), answer.body.data(),
                                    static_cast<uint32_t>(answer.body.size()));
      }
    }

    OrthancPluginErrorCode Refuse(OrthancPluginRestOutput* output, const RegistryError& error)
    {
      OrthancPluginSetHttpErrorDetails(PluginContext::Get(), output, error.what(), 1 /* log */);
      const bool isTooEarly = static_cast<int>(error.GetCode()) == DATABASE_NOT_INITIALIZED;
      return PluginContext::ToOrthanc(isTooEarly ? ErrorCode::DatabaseUnavailable : error.GetCode());
    }

    // The HTTP thread only waits: its stack is too small for what the core, JSON and the database may need.
    OrthancPluginErrorCode Answer(OrthancPluginRestOutput* output, const char* url,
                                  const OrthancPluginHttpRequest* request, JobsEdge::Route route) noexcept
    {
      try
      {
        JobsEdge* edge = instance;
        if (edge == nullptr)
        {
          throw RegistryError(ErrorCode::DatabaseUnavailable, "The job registry is closed");
        }
        Send(output, RunOnOwnStack(
                         [=]()
                         {
                           return edge->Serve(route, url, *request);
                         }));
        return OrthancPluginErrorCode_Success;
      }
      catch (const RegistryError& error)
      {
        return Refuse(output, error);
      }
      catch (...)
      {
        return PluginContext::ReportException("Request to the job registry");
      }
    }

    OrthancPluginErrorCode OnList(OrthancPluginRestOutput* output, const char* url,
                                  const OrthancPluginHttpRequest* request)
    {
      return Answer(output, url, request,
                    [](JobsHandler& handler, const HttpCall& call, const OrthancPluginHttpRequest&)
                    {
                      return handler.List(call);
                    });
    }

    OrthancPluginErrorCode OnJob(OrthancPluginRestOutput* output, const char* url,
                                 const OrthancPluginHttpRequest* request)
    {
      return Answer(output, url, request,
                    [](JobsHandler& handler, const HttpCall& call, const OrthancPluginHttpRequest& original)
                    {
                      return handler.Access(call, original.groups[0]);
                    });
    }

    OrthancPluginErrorCode OnJobPart(OrthancPluginRestOutput* output, const char* url,
                                     const OrthancPluginHttpRequest* request)
    {
      return Answer(output, url, request,
                    [](JobsHandler& handler, const HttpCall& call, const OrthancPluginHttpRequest& original)
                    {
                      return handler.AccessPart(call, original.groups[0], original.groups[1]);
                    });
    }

    OrthancPluginErrorCode OnSubmit(OrthancPluginRestOutput* output, const char* url,
                                    const OrthancPluginHttpRequest* request)
    {
      return Answer(output, url, request,
                    [](JobsHandler& handler, const HttpCall& call, const OrthancPluginHttpRequest&)
                    {
                      return handler.Submit(call);
                    });
    }
  }

  JobsEdge::JobsEdge(const JobsOptions& options) : options_(options)
  {
    instance = this;
    OrthancPluginContext* context = PluginContext::Get();
    OrthancPluginRegisterRestCallbackNoLock(context, "/jobs", OnList);
    OrthancPluginRegisterRestCallbackNoLock(context, "/jobs/([^/]+)", OnJob);
    OrthancPluginRegisterRestCallbackNoLock(context, "/jobs/([^/]+)/([^/]+)", OnJobPart);
    for (const auto& pattern : GetJobRoutePatterns(options.hasPatients))
    {
      OrthancPluginRegisterRestCallbackNoLock(context, pattern.c_str(), OnSubmit);
    }
  }

  JobsEdge::~JobsEdge()
  {
    instance = nullptr;
  }

  void JobsEdge::Open(JobsService& service, IResourceLookup& resources)
  {
    const std::unique_lock lock(mutex_);
    opened_ = std::make_unique<Opened>(options_, service, resources);
  }

  void JobsEdge::Close()
  {
    const std::unique_lock lock(mutex_);
    opened_.reset();
  }

  void JobsEdge::OnChange(OrthancPluginChangeType type, const char* resourceId)
  {
    const auto event = GetJobEvent(type);
    if (!event || resourceId == nullptr)
    {
      return;
    }
    const std::shared_lock lock(mutex_);
    if (opened_)
    {
      opened_->service.OnCoreJobEvent(*event, resourceId);
    }
  }

  HttpAnswer JobsEdge::Serve(Route route, const char* url, const OrthancPluginHttpRequest& request)
  {
    const std::shared_lock lock(mutex_);
    if (!opened_)
    {
      throw RegistryError(ErrorCode::DatabaseUnavailable, "The job registry is not open: try again later");
    }
    return route(opened_->handler, ReadCall(url, request), request);
  }
}
