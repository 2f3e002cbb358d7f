// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <json/value.h>

#include <string>
#include <vector>

// Strict reading of the fields of a job's body: a wrong type is BadFileFormat, as in the core.
namespace OrthancRegistry::JobFields
{
  bool ReadBoolean(const Json::Value& body, const char* field, bool defaultValue);
  bool IsSynchronous(const Json::Value& body); // the routes are by default
  int ReadInteger(const Json::Value& body, const char* field, int defaultValue);
  void CheckString(const Json::Value& body, const char* field);                     // if present
  void CheckUnsigned(const Json::Value& body, const char* field);                   // if present
  void CheckTransferSyntax(const Json::Value& body, const char* field);             // if present
  std::vector<std::string> ReadStrings(const Json::Value& body, const char* field); // mandatory

  // If present. The core reads some fields by other means, which call a wrong type BadParameterType.
  void CheckType(const Json::Value& body, const char* field, Json::ValueType type);

  // "Study", "studies", ...; ParameterOutOfRange if it is none.
  ResourceLevel ParseLevel(const std::string& name);
}
