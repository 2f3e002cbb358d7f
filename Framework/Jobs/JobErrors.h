// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <functional>
#include <string>

namespace OrthancRegistry
{
  // The text that the core has for one of its error codes
  using ErrorDescriber = std::function<std::string(int)>;

  // The HTTP status with which the core answers an error code
  int GetHttpStatus(int errorCode);

  // The text of an HTTP status ("Bad Request"), as the core has it
  const char* GetHttpStatusText(int status);

  struct FailedCall
  {
    std::string method; // "POST"
    std::string uri;
    int errorCode = 0; // of Orthanc
    int status = 0;    // of HTTP
    std::string details;
    Json::Value payload; // null = none
  };

  // The body of an error answer, as the core builds it
  Json::Value FormatError(const FailedCall& call, const ErrorDescriber& describe);
}
