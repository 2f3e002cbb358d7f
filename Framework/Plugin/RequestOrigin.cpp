// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RequestOrigin.h"

#include "Framework/Common/Base64.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Plugin/PluginContext.h"

#include <algorithm>
#include <cctype>

namespace OrthancRegistry::RequestOrigin
{
  namespace
  {
    constexpr int32_t ALLOWED = 1;
    constexpr size_t MAXIMUM_USER = 256;

    struct Request
    {
      bool isKnown = false;
      std::string path;
      std::string remoteIp;
    };

    // The filter and the handler of a request run on the same thread of the HTTP server
    thread_local Request lastRequest;

    std::string_view StripSlash(std::string_view path)
    {
      return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    }

    int32_t Remember(OrthancPluginHttpMethod method, const char* uri, const char* ip,
                     uint32_t /*headersCount*/, const char* const* /*headersKeys*/,
                     const char* const* /*headersValues*/, uint32_t /*argumentsCount*/,
                     const char* const* /*argumentsKeys*/, const char* const* /*argumentsValues*/) noexcept
    {
      try
      {
        lastRequest.isKnown = false;
        if (method == OrthancPluginHttpMethod_Post)
        {
          lastRequest.path = StripSlash(uri);
          lastRequest.remoteIp = ip;
          lastRequest.isKnown = true;
        }
      }
      catch (...) // no memory left: the request is served all the same
      {
        lastRequest.isKnown = false;
      }
      return ALLOWED;
    }
  }

  void Register()
  {
    OrthancPluginRegisterIncomingHttpRequestFilter2(PluginContext::Get(), &Remember);
  }

  std::string TakeRemoteIp(std::string_view path)
  {
    const bool isSame = lastRequest.isKnown && lastRequest.path == StripSlash(path);
    lastRequest.isKnown = false;
    return isSame ? lastRequest.remoteIp : "";
  }

  std::string ParseBasicUser(std::string_view authorization)
  {
    constexpr std::string_view SCHEME = "basic ";
    const bool isBasic = authorization.size() > SCHEME.size() &&
                         std::equal(SCHEME.begin(), SCHEME.end(), authorization.begin(),
                                    [](char a, char b)
                                    {
                                      return a == std::tolower(static_cast<unsigned char>(b));
                                    });
    if (!isBasic)
    {
      return "";
    }
    authorization.remove_prefix(
        std::min(authorization.find_first_not_of(' ', SCHEME.size()), authorization.size()));
    const auto decoded = DecodeBase64(authorization);
    if (!decoded || decoded->find(':') == std::string::npos)
    {
      return "";
    }
    return ToStorableText(decoded->substr(0, std::min(decoded->find(':'), MAXIMUM_USER)));
  }
}
