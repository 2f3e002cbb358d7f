// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Json.h"

#include "Framework/Common/Errors.h"

#include <json/reader.h>
#include <json/writer.h>

#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int MAXIMUM_DEPTH = 100;

    std::string Write(const Json::Value& value, const char* indentation)
    {
      Json::StreamWriterBuilder builder;
      builder["indentation"] = indentation;
      builder["emitUTF8"] = true;
      return Json::writeString(builder, value);
    }
  }

  bool TryParseJson(Json::Value& target, std::string_view text)
  {
    Json::CharReaderBuilder builder;
    Json::CharReaderBuilder::strictMode(&builder.settings_);
    builder["strictRoot"] = false;
    builder["stackLimit"] = MAXIMUM_DEPTH;
    const std::unique_ptr<Json::CharReader> reader(builder.newCharReader());
    try
    {
      return reader->parse(text.data(), text.data() + text.size(), &target, nullptr);
    }
    catch (const Json::Exception&) // too deep
    {
      return false;
    }
  }

  Json::Value ParseJson(std::string_view text)
  {
    Json::Value value;
    if (!TryParseJson(value, text))
    {
      throw RegistryError(ErrorCode::BadJson, "This is not valid JSON, or it is nested too deeply");
    }
    return value;
  }

  std::string WriteJson(const Json::Value& value)
  {
    return Write(value, "");
  }

  std::string WriteStyledJson(const Json::Value& value)
  {
    return Write(value, "   ") + "\n";
  }
}
