// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobValidationFields.h"

#include "Framework/Common/Errors.h"

#include <algorithm>
#include <cctype>

namespace OrthancRegistry::JobFields
{
  namespace
  {
    // All transfer syntaxes of the standard are below this root
    constexpr std::string_view TRANSFER_SYNTAX_ROOT = "1.2.840.10008.1.2";

    [[noreturn]] void Refuse(const std::string& expectation, const char* field)
    {
      throw RegistryError(ErrorCode::BadFileFormat, expectation + " expected in field: " + field);
    }

    bool IsInteger(const Json::Value& value)
    {
      return value.type() == Json::intValue || value.type() == Json::uintValue;
    }
  }

  bool ReadBoolean(const Json::Value& body, const char* field, bool defaultValue)
  {
    if (!body.isMember(field))
    {
      return defaultValue;
    }
    if (!body[field].isBool())
    {
      Refuse("Boolean", field);
    }
    return body[field].asBool();
  }

  int ReadInteger(const Json::Value& body, const char* field, int defaultValue)
  {
    if (!body.isMember(field))
    {
      return defaultValue;
    }
    if (!IsInteger(body[field]) || !body[field].isInt())
    {
      Refuse("Integer", field);
    }
    return body[field].asInt();
  }

  void CheckString(const Json::Value& body, const char* field)
  {
    if (body.isMember(field) && !body[field].isString())
    {
      Refuse("String", field);
    }
  }

  void CheckUnsigned(const Json::Value& body, const char* field)
  {
    if (!body.isMember(field))
    {
      return;
    }
    if (!IsInteger(body[field]))
    {
      Refuse("Integer", field);
    }
    if (body[field].type() == Json::intValue && body[field].asInt64() < 0)
    {
      throw RegistryError(ErrorCode::BadParameterType,
                          std::string("A negative value is not allowed in field: ") + field);
    }
  }

  void CheckTransferSyntax(const Json::Value& body, const char* field)
  {
    CheckString(body, field);
    if (body.isMember(field) && !body[field].asString().starts_with(TRANSFER_SYNTAX_ROOT))
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "This is not the UID of a transfer syntax: " + body[field].asString());
    }
  }

  std::vector<std::string> ReadStrings(const Json::Value& body, const char* field)
  {
    if (!body.isObject() || !body.isMember(field) || !body[field].isArray())
    {
      Refuse("List of strings", field);
    }
    std::vector<std::string> values;
    values.reserve(body[field].size());
    for (const auto& item : body[field])
    {
      if (!item.isString())
      {
        Refuse("List of strings", field);
      }
      values.push_back(item.asString());
    }
    return values;
  }

  void CheckArrayOfStrings(const Json::Value& body, const char* field)
  {
    if (body.isMember(field))
    {
      ReadStrings(body, field);
    }
  }

  ResourceLevel ParseLevel(const std::string& name)
  {
    std::string upper(name);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c)
                   {
                     return static_cast<char>(std::toupper(c));
                   });
    if (upper == "PATIENT" || upper == "PATIENTS")
    {
      return ResourceLevel::Patient;
    }
    if (upper == "STUDY" || upper == "STUDIES")
    {
      return ResourceLevel::Study;
    }
    if (upper == "SERIES")
    {
      return ResourceLevel::Series;
    }
    if (upper == "INSTANCE" || upper == "INSTANCES" || upper == "IMAGE" || upper == "IMAGES")
    {
      return ResourceLevel::Instance;
    }
    throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown level of resources: " + name);
  }
}
