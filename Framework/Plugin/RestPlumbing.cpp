// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RestPlumbing.h"

#include "Framework/Plugin/HttpMethods.h"

#include <limits>

namespace OrthancRegistry::RestPlumbing
{
  namespace
  {
    constexpr int DATABASE_NOT_INITIALIZED = 2038; // how the core says that it is not ready yet

    // Cores before 1.12.6 have no streams: the whole answer is put together there.
    // An exception in a stream becomes an error code of the callback: the core then hangs up, before the
    // number of bytes that was announced has been sent.
    void SendStream(OrthancPluginRestOutput* output, const std::string& contentType, const HttpAnswer& answer)
    {
      const HttpAnswer::Stream& stream = answer.stream;
      OrthancPluginContext* context = PluginContext::Get();
      if (!PluginContext::IsCoreAtLeast(1, 12, 6))
      {
        std::string body;
        stream(
            [&body](std::string_view chunk)
            {
              body += chunk;
            });
        if (body.size() > std::numeric_limits<uint32_t>::max())
        {
          throw RegistryError(ErrorCode::NotEnoughMemory,
                              "This version of Orthanc cannot send 4 GiB or more");
        }
        OrthancPluginAnswerBuffer(context, output, body.data(), static_cast<uint32_t>(body.size()),
                                  contentType.c_str());
        return;
      }
      if (answer.streamSize)
      {
        OrthancPluginSetHttpHeader(context, output, "Content-Length",
                                   std::to_string(*answer.streamSize).c_str());
      }
      if (OrthancPluginStartStreamAnswer(context, output, contentType.c_str()) !=
          OrthancPluginErrorCode_Success)
      {
        throw RegistryError(ErrorCode::NetworkProtocol, "The answer cannot be sent");
      }
      stream(
          [&](std::string_view chunk)
          {
            if (!chunk.empty() && OrthancPluginSendStreamChunk(context, output, chunk.data(),
                                                               static_cast<uint32_t>(chunk.size())) !=
                                      OrthancPluginErrorCode_Success)
            {
              throw RegistryError(ErrorCode::NetworkProtocol, "The client has hung up");
            }
          });
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
    for (uint32_t i = 0; i < request.groupsCount; i++)
    {
      call.groups.emplace_back(request.groups[i]);
    }
    for (uint32_t i = 0; i < request.headersCount; i++)
    {
      call.headers[request.headersKeys[i]] = request.headersValues[i];
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

    if (answer.stream)
    {
      SendStream(output, contentType, answer);
    }
    else if (answer.status == 200)
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
}
