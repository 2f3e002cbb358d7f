// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/HttpCall.h"
#include "Framework/Plugin/PluginContext.h"
#include "Framework/Plugin/RequestFilter.h"

// Between the REST callbacks of the SDK and our handlers
namespace OrthancRegistry::RestPlumbing
{
  // "url" and "request" are those of the callback, whose memory the call refers to.
  HttpCall ReadCall(const char* url, const OrthancPluginHttpRequest& request);

  // What cannot be sent to the end is a RegistryError.
  void Send(OrthancPluginRestOutput* output, const HttpAnswer& answer);

  // The code for the callback to return, after which the core answers the error.
  OrthancPluginErrorCode Refuse(OrthancPluginRestOutput* output, const RegistryError& error);

  // Serves one request: serve(call) makes the answer. The HTTP thread only waits: its stack is too small for
  // what the core, JSON and the database may need.
  template <typename Serve>
  OrthancPluginErrorCode Answer(OrthancPluginRestOutput* output, const char* url,
                                const OrthancPluginHttpRequest* request, Serve serve) noexcept
  {
    try
    {
      const RequestFilter::Sender sender = RequestFilter::GetSender(url); // known to this thread only
      RunOnOwnStack(
          [&]()
          {
            const RequestFilter::SenderScope scope(url, sender);
            HttpCall call = ReadCall(url, *request);
            call.remoteIp = sender.remoteIp;
            Send(output, serve(call));
          });
      return OrthancPluginErrorCode_Success;
    }
    catch (const RegistryError& error)
    {
      return Refuse(output, error);
    }
    catch (...)
    {
      return PluginContext::ReportException("Request to the registry");
    }
  }
}
