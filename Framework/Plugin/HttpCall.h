// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  enum class HttpMethod
  {
    Get,
    Post,
    Put,
    Delete
  };

  const char* GetName(HttpMethod method); // "GET", ...

  // A request to one of our routes
  struct HttpCall
  {
    HttpMethod method = HttpMethod::Get;
    std::string path;
    std::vector<std::string> groups;              // what the groups of the pattern of the route have matched
    std::map<std::string, std::string> arguments; // of GET
    std::map<std::string, std::string> headers;   // names in lower case
    std::string_view body;                        // lives as long as the call
    std::string remoteIp;                         // empty if unknown

    // The value of a header, null if it is absent
    const std::string* FindHeader(const std::string& lowerCaseName) const;
  };

  // What is sent back. With "stream" the body is sent piece by piece, with status 200: "body" is not used
  // then. The end of a stream is the end of the connection: only if "streamSize" is given can the client tell
  // a whole answer from one that broke off.
  struct HttpAnswer
  {
    using SendChunk = std::function<void(std::string_view chunk)>;
    using Stream = std::function<void(const SendChunk& send)>;

    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
    std::string allowedMethods; // of status 405
    Stream stream;
    std::optional<uint64_t> streamSize;

    static HttpAnswer Json(const Json::Value& value, int status = 200);
    static HttpAnswer Empty(int status);
    static HttpAnswer NotAllowed(const std::string& allowedMethods);
  };
}
