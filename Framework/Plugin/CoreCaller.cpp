// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CoreCaller.h"

#include "Framework/Jobs/JobErrors.h"
#include "Framework/Plugin/CoreClient.h"

namespace OrthancRegistry
{
  CoreReply CoreCaller::Call(const CoreRequest& request)
  {
    CoreReply reply;
    try
    {
      CoreAnswer answer = CallCore(request.method == CoreMethod::Put ? HttpMethod::Put : HttpMethod::Get,
                                   request.uri, request.body);
      reply.status = answer.status;
      reply.body = std::move(answer.body);
      const auto contentType = answer.headers.find("content-type");
      reply.contentType = contentType == answer.headers.end() ? "" : contentType->second;
    }
    catch (const RegistryError& error)
    {
      reply.errorCode = static_cast<int>(error.GetCode());
      reply.status = GetHttpStatus(reply.errorCode);
      reply.error = error.what();
    }
    return reply;
  }
}
