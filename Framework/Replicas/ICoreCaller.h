// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace OrthancRegistry
{
  // The methods that replicas call each other with. The numbers are stored in the database.
  enum class CoreMethod
  {
    Get = 0,
    Put = 1
  };

  // A call to the REST API that is built into a core
  struct CoreRequest
  {
    CoreMethod method = CoreMethod::Get;
    std::string uri;
    std::string body;
  };

  struct CoreReply
  {
    int status = 0;    // of HTTP
    int errorCode = 0; // of Orthanc, if the core refuses
    std::string error; // why
    std::string contentType;
    std::string body;

    bool IsSuccess() const
    {
      return status == 200;
    }
  };

  // The core of this replica. Thread-safe; only to be called from threads with a stack of normal size, never
  // from inside a database operation, and not before the core has been started.
  class ICoreCaller
  {
  public:
    virtual ~ICoreCaller() = default;

    // A refusal of the core is a reply as well.
    virtual CoreReply Call(const CoreRequest& request) = 0;
  };
}
