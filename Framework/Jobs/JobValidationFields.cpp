// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobValidationFields.h"

#include "Framework/Common/Errors.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <string_view>

namespace OrthancRegistry::JobFields
{
  namespace
  {
    // The transfer syntaxes of the core, without the common root of all of them
    constexpr std::string_view TRANSFER_SYNTAX_ROOT = "1.2.840.10008.1.2";
    constexpr std::array<std::string_view, 48> TRANSFER_SYNTAXES = {
        "",       ".1",     ".1.99",  ".2",     ".5",     ".6.1",   ".6.2",   ".4.50",  ".4.51",  ".4.52",
        ".4.53",  ".4.54",  ".4.55",  ".4.56",  ".4.57",  ".4.58",  ".4.59",  ".4.60",  ".4.61",  ".4.62",
        ".4.63",  ".4.64",  ".4.65",  ".4.66",  ".4.70",  ".4.80",  ".4.81",  ".4.90",  ".4.91",  ".4.92",
        ".4.93",  ".4.94",  ".4.95",  ".4.100", ".4.101", ".4.102", ".4.103", ".4.104", ".4.105", ".4.106",
        ".4.107", ".4.108", ".4.110", ".4.111", ".4.112", ".4.201", ".4.202", ".4.203"};

    bool IsTransferSyntax(std::string_view uid)
    {
      return uid.starts_with(TRANSFER_SYNTAX_ROOT) &&
             std::find(TRANSFER_SYNTAXES.begin(), TRANSFER_SYNTAXES.end(),
                       uid.substr(TRANSFER_SYNTAX_ROOT.size())) != TRANSFER_SYNTAXES.end();
    }

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

  bool IsSynchronous(const Json::Value& body)
  {
    return body.isMember("Synchronous") ? ReadBoolean(body, "Synchronous", true)
                                        : !ReadBoolean(body, "Asynchronous", false);
  }

  int ReadInteger(const Json::Value& body, const char* field, int defaultValue)
  {
    if (!body.isMember(field))
    {
      return defaultValue;
    }
    if (!IsInteger(body[field]))
    {
      Refuse("Integer", field);
    }
    if (!body[field].isInt64() || body[field].asInt64() > std::numeric_limits<int>::max())
    {
      throw RegistryError(ErrorCode::BadParameterType, std::string("Too large a value in field: ") + field);
    }
    return static_cast<int>(std::max<int64_t>(body[field].asInt64(), std::numeric_limits<int>::min()));
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
    if (body.isMember(field) && !IsTransferSyntax(body[field].asString()))
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

  void CheckType(const Json::Value& body, const char* field, Json::ValueType type)
  {
    if (body.isMember(field) && body[field].type() != type)
    {
      throw RegistryError(ErrorCode::BadParameterType, std::string("Wrong type of field: ") + field);
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
