// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobBody.h"

#include "Framework/Common/Json.h"

#include <json/reader.h>

#include <algorithm>
#include <cctype>
#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int MAXIMUM_DEPTH = 100;
    constexpr size_t PUBLIC_ID_SIZE = 44;
    constexpr size_t PUBLIC_ID_GROUP = 9; // eight digits and a dash

    bool IsBlank(char c)
    {
      return c == '\0' || std::isspace(static_cast<unsigned char>(c)) != 0;
    }
  }

  bool IsPublicId(std::string_view text)
  {
    if (text.size() != PUBLIC_ID_SIZE)
    {
      return false;
    }
    for (size_t i = 0; i < text.size(); i++)
    {
      const bool isDash = i % PUBLIC_ID_GROUP == PUBLIC_ID_GROUP - 1;
      if (isDash ? text[i] != '-' : std::isalnum(static_cast<unsigned char>(text[i])) == 0)
      {
        return false;
      }
    }
    return true;
  }

  std::string_view StripSpaces(std::string_view text)
  {
    while (!text.empty() && IsBlank(text.front()))
    {
      text.remove_prefix(1);
    }
    while (!text.empty() && IsBlank(text.back()))
    {
      text.remove_suffix(1);
    }
    return text;
  }

  bool ParseJobBody(Json::Value& target, std::string_view body, bool isStoreRoute)
  {
    if (isStoreRoute && IsPublicId(StripSpaces(body)))
    {
      target = Json::arrayValue;
      target.append(std::string(StripSpaces(body)));
      return true;
    }

    Json::CharReaderBuilder builder;
    builder["collectComments"] = false;
    builder["stackLimit"] = MAXIMUM_DEPTH;
    const std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
    try
    {
      std::string errors;
      return reader->parse(body.data(), body.data() + body.size(), &target, &errors);
    }
    catch (const Json::Exception&)
    {
      return false;
    }
  }

  std::string MakeAsynchronousBody(const std::string& body, bool mayBeList)
  {
    Json::Value value;
    if (!ParseJobBody(value, body, mayBeList))
    {
      return body;
    }

    if (mayBeList && (value.isArray() || value.isString()))
    {
      Json::Value resources = Json::arrayValue;
      if (value.isArray())
      {
        resources = value;
      }
      else
      {
        resources.append(value);
      }
      value = Json::objectValue;
      value["Resources"] = resources;
    }

    if (!value.isObject())
    {
      return body;
    }
    value.removeMember("Synchronous");
    value["Asynchronous"] = true;
    return WriteJson(value);
  }
}
