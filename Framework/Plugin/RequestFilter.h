// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/HttpCall.h"

#include <functional>
#include <string>
#include <string_view>

// The filter of incoming HTTP requests. It runs before the handler of a request, on the same thread of the
// HTTP server, and sees what handlers are not told. It does not see: requests with a token of the SDK, calls
// from within the core, DICOM associations.
namespace OrthancRegistry::RequestFilter
{
  // Is asked before each request is served: false refuses it (403). Must not throw, and not need much stack.
  using Gate = std::function<bool(HttpMethod method, std::string_view path)>;

  // To be called in OrthancPluginInitialize(), once. "isAuthenticationEnabled": the core checks passwords, so
  // that the name of a user means something.
  void Register(bool isAuthenticationEnabled);

  // May be called at any time. A request has to pass all gates, in this order.
  void AddGate(Gate gate);

  // Returns when none is used any more.
  void RemoveGates();

  // Who has sent the request that is served: both empty if unknown
  struct Sender
  {
    std::string user;
    std::string remoteIp;
  };

  // The sender of the request with this path, if it is the one that the calling thread serves.
  Sender GetSender(std::string_view path);

  // Makes the calling thread serve the request of another one, as long as this object lives.
  class SenderScope
  {
  public:
    SenderScope(std::string_view path, const Sender& sender);
    ~SenderScope();

    SenderScope(const SenderScope&) = delete;
    SenderScope& operator=(const SenderScope&) = delete;
  };

  // The name in the value of a header "Authorization: Basic ...", empty if it has another form. Never holds
  // the password.
  std::string ParseBasicUser(std::string_view authorization);
}
