// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RequestFilter.h"

#include "Framework/Common/Base64.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Plugin/HttpMethods.h"
#include "Framework/Plugin/PluginContext.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace OrthancRegistry::RequestFilter
{
  namespace
  {
    constexpr int32_t REFUSED = 0;
    constexpr int32_t ALLOWED = 1;
    constexpr size_t MAXIMUM_USER = 256;

    struct Request
    {
      bool isKnown = false;
      std::string path;
      Sender sender;
    };

    thread_local Request currentRequest;

    std::atomic<bool> areUsersChecked = false;
    std::shared_mutex gateMutex;
    std::vector<Gate> currentGates;

    std::string_view StripSlash(std::string_view path)
    {
      return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    }

    void Remember(const char* uri, const char* ip, uint32_t headersCount, const char* const* headersKeys,
                  const char* const* headersValues)
    {
      currentRequest.isKnown = false;
      currentRequest.path = StripSlash(uri);
      currentRequest.sender.remoteIp = ip;
      currentRequest.sender.user.clear();
      for (uint32_t i = 0; areUsersChecked && i < headersCount; i++)
      {
        if (std::string_view(headersKeys[i]) == "authorization")
        {
          currentRequest.sender.user = ParseBasicUser(headersValues[i]);
        }
      }
      currentRequest.isKnown = true;
    }

    int32_t Filter(OrthancPluginHttpMethod method, const char* uri, const char* ip, uint32_t headersCount,
                   const char* const* headersKeys, const char* const* headersValues,
                   uint32_t /*argumentsCount*/, const char* const* /*argumentsKeys*/,
                   const char* const* /*argumentsValues*/) noexcept
    {
      try
      {
        Remember(uri, ip, headersCount, headersKeys, headersValues);
      }
      catch (...) // no memory left: the request is served all the same
      {
        currentRequest.isKnown = false;
      }
      const std::shared_lock lock(gateMutex);
      const bool isAllowed = std::ranges::all_of(currentGates,
                                                 [&](const Gate& gate)
                                                 {
                                                   return gate(FromSdk(method), StripSlash(uri));
                                                 });
      return isAllowed ? ALLOWED : REFUSED;
    }
  }

  void Register(bool isAuthenticationEnabled)
  {
    areUsersChecked = isAuthenticationEnabled;
    OrthancPluginRegisterIncomingHttpRequestFilter2(PluginContext::Get(), &Filter);
  }

  void AddGate(Gate gate)
  {
    const std::unique_lock lock(gateMutex);
    currentGates.push_back(std::move(gate));
  }

  void RemoveGates()
  {
    const std::unique_lock lock(gateMutex);
    currentGates.clear();
  }

  Sender GetSender(std::string_view path)
  {
    return currentRequest.isKnown && currentRequest.path == StripSlash(path) ? currentRequest.sender
                                                                             : Sender();
  }

  SenderScope::SenderScope(std::string_view path, const Sender& sender)
  {
    currentRequest.path = StripSlash(path);
    currentRequest.sender = sender;
    currentRequest.isKnown = true;
  }

  SenderScope::~SenderScope()
  {
    currentRequest.isKnown = false;
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
