// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>

namespace OrthancRegistry
{
  // The error codes of Orthanc that this project uses. The numbers are those of OrthancPluginErrorCode, so
  // that the edge to Orthanc converts by a cast and everything else needs no header of the SDK.
  enum class ErrorCode : int
  {
    InternalError = -1,
    Success = 0,
    Plugin = 1,
    NotImplemented = 2,
    ParameterOutOfRange = 3,
    NotEnoughMemory = 4,
    BadParameterType = 5,
    BadSequenceOfCalls = 6,
    InexistentItem = 7,
    BadRequest = 8,
    NetworkProtocol = 9,
    Database = 11,
    InexistentFile = 13,
    BadFileFormat = 15,
    Timeout = 16,
    UnknownResource = 17,
    FullStorage = 19,
    InexistentTag = 21,
    ReadOnly = 22,
    UnknownDicomTag = 27,
    BadJson = 28,
    DatabasePlugin = 31,
    NullPointer = 35,
    DatabaseUnavailable = 36,
    CanceledJob = 37,
    BadRange = 41,
    DatabaseCannotSerialize = 42,
    Revision = 43,
    DuplicateResource = 46,
    ForbiddenAccess = 45,
    IncompatibleConfigurations = 47
  };

  // The base of every error this project reports. "what()" is a message for the administrator: it says what
  // is wrong and what to do, and never holds a password or the value of a bound parameter.
  class RegistryError : public std::runtime_error
  {
  public:
    RegistryError(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code)
    {
    }

    ErrorCode GetCode() const
    {
      return code_;
    }

  private:
    ErrorCode code_;
  };
}
