// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/HttpCall.h"

#include "Framework/Common/Json.h"

namespace OrthancRegistry
{
  const char* GetName(HttpMethod method)
  {
    switch (method)
    {
    case HttpMethod::Get:
      return "GET";
    case HttpMethod::Post:
      return "POST";
    case HttpMethod::Put:
      return "PUT";
    case HttpMethod::Delete:
      return "DELETE";
    }
    return "";
  }

  const std::string* HttpCall::FindHeader(const std::string& lowerCaseName) const
  {
    const auto found = headers.find(lowerCaseName);
    return found == headers.end() ? nullptr : &found->second;
  }

  HttpAnswer HttpAnswer::Json(const Json::Value& value, int status)
  {
    HttpAnswer answer;
    answer.status = status;
    answer.body = WriteStyledJson(value);
    answer.headers["Content-Type"] = "application/json";
    return answer;
  }

  HttpAnswer HttpAnswer::Empty(int status)
  {
    HttpAnswer answer;
    answer.status = status;
    return answer;
  }

  HttpAnswer HttpAnswer::NotAllowed(const std::string& allowedMethods)
  {
    HttpAnswer answer;
    answer.status = 405;
    answer.allowedMethods = allowedMethods;
    return answer;
  }
}
