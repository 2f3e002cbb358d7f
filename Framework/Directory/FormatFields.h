// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <cstdint>
#include <string>

// Reading the members of an entry with the checks of the core. The errors name the member, never its value.
namespace OrthancRegistry::FormatFields
{
  // RegistryError(BadFileFormat) if the condition is not met
  void Check(bool condition, const std::string& member);

  // As the core tells them: 1.0 is no integer.
  bool IsInteger(const Json::Value& value);
  bool IsUnsigned32(const Json::Value& value);

  std::string GetString(const Json::Value& object, const char* member, const std::string& absent);
  bool GetBoolean(const Json::Value& object, const char* member, bool absent);
  uint32_t GetUnsigned32(const Json::Value& object, const char* member); // 0 if absent

  // Of a text from the database. RegistryError(BadFileFormat) if it is no JSON object.
  Json::Value ParseObject(const std::string& text);

  // Canonical JSON, checked to be a text that both engines can keep
  std::string WriteStorable(const Json::Value& object);
}
