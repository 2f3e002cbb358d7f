// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

// Who has sent a request: handlers are not told the remote address, only filters are.
namespace OrthancRegistry::RequestOrigin
{
  // Registers a filter that lets all requests pass, and remembers where the last POST request of each thread
  // of the HTTP server came from. To be called in OrthancPluginInitialize().
  void Register();

  // The remote address of the POST request with this path that the calling thread serves, and forgets it;
  // empty if it is unknown, because some requests skip the filters.
  std::string TakeRemoteIp(std::string_view path);

  // The name in the value of a header "Authorization: Basic ...", empty if it has another form. Never holds
  // the password.
  std::string ParseBasicUser(std::string_view authorization);
}
