// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/RestPlumbing.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

namespace OrthancRegistry
{
  // Routes in the REST API of Orthanc that are served by the methods of a handler. Routes can only be
  // registered in OrthancPluginInitialize(), long before what serves them exists: until Open() they answer
  // 503. At most one object per type of handler at a time. Thread-safe.
  template <typename Handler>
  class RestEdge
  {
  public:
    // Must be thread-safe. Called on threads of normal stack size.
    using Route = HttpAnswer (Handler::*)(const HttpCall& call);

    RestEdge()
    {
      instance_ = this;
    }

    ~RestEdge()
    {
      instance_ = nullptr;
    }

    RestEdge(const RestEdge&) = delete;
    RestEdge& operator=(const RestEdge&) = delete;

    // To be called in OrthancPluginInitialize(). "pattern" is a regular expression of the whole path; what
    // its groups match are the groups of the call.
    template <Route ROUTE>
    void Register(const std::string& pattern)
    {
      OrthancPluginRegisterRestCallbackNoLock(PluginContext::Get(), pattern.c_str(),
                                              &RestEdge::Receive<ROUTE>);
    }

    // From here on requests are served.
    void Open(std::unique_ptr<Handler> handler)
    {
      const std::unique_lock lock(mutex_);
      handler_ = std::move(handler);
    }

    // Waits for the requests that are being served.
    void Close()
    {
      const std::unique_lock lock(mutex_);
      handler_.reset();
    }

  private:
    template <Route ROUTE>
    static OrthancPluginErrorCode Receive(OrthancPluginRestOutput* output, const char* url,
                                          const OrthancPluginHttpRequest* request) noexcept
    {
      RestEdge* const edge = instance_;
      if (edge == nullptr)
      {
        return OrthancPluginErrorCode_DatabaseUnavailable;
      }
      // The lock is held until the answer has been sent: streams read from the handler.
      const std::shared_lock lock(edge->mutex_);
      return RestPlumbing::Answer(output, url, request,
                                  [edge](const HttpCall& call)
                                  {
                                    if (!edge->handler_)
                                    {
                                      throw RegistryError(ErrorCode::DatabaseUnavailable,
                                                          "The registry is not open: try again later");
                                    }
                                    return (*edge->handler_.*ROUTE)(call);
                                  });
    }

    // Callbacks of routes carry no pointer of the plugin
    static inline std::atomic<RestEdge*> instance_ = nullptr;

    std::shared_mutex mutex_; // shared by those who use handler_
    std::unique_ptr<Handler> handler_;
  };
}
