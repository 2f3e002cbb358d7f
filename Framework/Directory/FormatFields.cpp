// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/FormatFields.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"

#include <limits>

namespace OrthancRegistry::FormatFields
{
  void Check(bool condition, const std::string& member)
  {
    if (!condition)
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "Bad configuration of a modality or peer, see its " + member);
    }
  }

  bool IsInteger(const Json::Value& value)
  {
    return (value.type() == Json::intValue || value.type() == Json::uintValue) && value.isInt64();
  }

  bool IsUnsigned32(const Json::Value& value)
  {
    return IsInteger(value) && value.asInt64() >= 0 &&
           value.asInt64() <= std::numeric_limits<uint32_t>::max();
  }

  std::string GetString(const Json::Value& object, const char* member, const std::string& absent)
  {
    if (!object.isMember(member))
    {
      return absent;
    }
    Check(object[member].isString(), member);
    return object[member].asString();
  }

  bool GetBoolean(const Json::Value& object, const char* member, bool absent)
  {
    if (!object.isMember(member))
    {
      return absent;
    }
    Check(object[member].isBool(), member);
    return object[member].asBool();
  }

  uint32_t GetUnsigned32(const Json::Value& object, const char* member)
  {
    if (!object.isMember(member))
    {
      return 0;
    }
    Check(IsUnsigned32(object[member]), member);
    return static_cast<uint32_t>(object[member].asInt64());
  }

  Json::Value ParseObject(const std::string& text)
  {
    Json::Value object;
    if (!TryParseJson(object, text) || !object.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "The configuration of a modality or peer in the database is no JSON object");
    }
    return object;
  }

  std::string WriteStorable(const Json::Value& object)
  {
    std::string text = WriteJson(object);
    Check(IsStorableText(text), "texts, which must be UTF-8");
    return text;
  }
}
