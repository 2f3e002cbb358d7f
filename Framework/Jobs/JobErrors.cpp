// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobErrors.h"

namespace OrthancRegistry
{
  int GetHttpStatus(int errorCode)
  {
    switch (errorCode)
    {
    case 0: // Success
      return 200;
    case 3:    // ParameterOutOfRange
    case 5:    // BadParameterType
    case 8:    // BadRequest
    case 12:   // UriSyntax
    case 15:   // BadFileFormat
    case 28:   // BadJson
    case 2019: // CreateDicom...
    case 2020:
    case 2021:
    case 2022:
    case 2023:
    case 2024:
    case 2025:
      return 400;
    case 29: // Unauthorized
      return 401;
    case 45: // ForbiddenAccess
      return 403;
    case 7:  // InexistentItem
    case 13: // InexistentFile
    case 17: // UnknownResource
    case 21: // InexistentTag
      return 404;
    case 34: // NotAcceptable
      return 406;
    case 43: // Revision
    case 46: // DuplicateResource
      return 409;
    case 3000: // UnsupportedMediaType
      return 415;
    case 41: // BadRange
      return 416;
    case 36: // DatabaseUnavailable
    case 42: // DatabaseCannotSerialize
      return 503;
    default:
      return 500;
    }
  }

  const char* GetHttpStatusText(int status)
  {
    switch (status)
    {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Requested Range Not Satisfiable";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
    }
  }

  Json::Value FormatError(const FailedCall& call, const ErrorDescriber& describe)
  {
    const std::string description = describe(call.errorCode);
    Json::Value answer = Json::objectValue;
    answer["Message"] = description;
    answer["Method"] = call.method;
    answer["Uri"] = call.uri;
    answer["HttpError"] = GetHttpStatusText(call.status);
    answer["HttpStatus"] = call.status;
    answer["OrthancError"] = description;
    answer["OrthancStatus"] = call.errorCode;
    if (!call.details.empty())
    {
      answer["Details"] = call.details;
    }
    if (!call.payload.isNull())
    {
      answer["ErrorPayload"] = call.payload;
    }
    return answer;
  }
}
