// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/AuditLogsHandler.h"

#include "Framework/Common/Base64.h"
#include "Framework/Common/Json.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::string_view ARRAY_END = "\n]\n";

    std::optional<std::string> FindArgument(const HttpCall& call, const char* name)
    {
      const auto found = call.arguments.find(name);
      return found == call.arguments.end() || found->second.empty() ? std::nullopt
                                                                    : std::make_optional(found->second);
    }

    int64_t ReadNumber(const HttpCall& call, const char* name)
    {
      const std::string text = FindArgument(call, name).value_or("0");
      int64_t number = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
      if (result.ec != std::errc() || result.ptr != text.data() + text.size() || number < 0)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            std::string("The argument \"") + name + "\" must be a number from 0 on");
      }
      return number;
    }

    // ISO 8601; a day is its beginning in UTC, and the time may be separated by a blank.
    std::optional<Timestamp> ReadMoment(const HttpCall& call, const char* name)
    {
      constexpr size_t DAY_LENGTH = 10;
      auto text = FindArgument(call, name);
      if (!text)
      {
        return std::nullopt;
      }
      if (text->size() == DAY_LENGTH)
      {
        *text += "T00:00:00";
      }
      else if (text->size() > DAY_LENGTH && (*text)[DAY_LENGTH] == ' ')
      {
        (*text)[DAY_LENGTH] = 'T';
      }
      const auto moment = ParseTimestamp(*text);
      if (!moment)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            std::string("The argument \"") + name +
                                "\" must be a moment like 2026-12-31T23:59:59.123Z");
      }
      return moment;
    }

    bool ReadIsJson(const HttpCall& call)
    {
      const std::string format = FindArgument(call, "log-data-format").value_or("base64");
      if (format != "json" && format != "base64")
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "The argument \"log-data-format\" must be \"json\" or \"base64\"");
      }
      return format == "json";
    }

    AuditLogsFilter ReadFilter(const HttpCall& call)
    {
      AuditLogsFilter filter;
      filter.userId = FindArgument(call, "user-id");
      filter.resourceId = FindArgument(call, "resource-id");
      filter.action = FindArgument(call, "action");
      filter.from = ReadMoment(call, "from-timestamp");
      filter.until = ReadMoment(call, "to-timestamp");
      filter.since = ReadNumber(call, "since");
      filter.limit = ReadNumber(call, "limit");
      return filter;
    }

    // Milliseconds in UTC, in the extended form: 2026-12-31T23:59:59.123Z
    std::string FormatMoment(Timestamp moment)
    {
      const std::string basic = FormatTimestamp(moment - moment % 1000000);
      std::array<char, 40> buffer = {};
      std::snprintf(buffer.data(), buffer.size(), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%03dZ", basic.c_str(),
                    basic.c_str() + 4, basic.c_str() + 6, basic.c_str() + 9, basic.c_str() + 11,
                    basic.c_str() + 13, static_cast<int>(moment / 1000 % 1000));
      return buffer.data();
    }

    const char* FormatResourceType(int type)
    {
      constexpr std::array NAMES = {"Patient", "Study", "Series", "Instance"};
      return type >= 0 && std::cmp_less(type, NAMES.size()) ? NAMES[static_cast<size_t>(type)] : "None";
    }

    Json::Value Format(const StoredAuditLog& stored, bool isJson)
    {
      const AuditLog& log = stored.log;
      Json::Value json;
      json["SourcePlugin"] = log.sourcePlugin;
      json["Timestamp"] = FormatMoment(stored.moment);
      json["UserId"] = log.userId;
      json["ResourceId"] = log.resourceId;
      json["ResourceType"] = FormatResourceType(log.resourceType);
      json["Action"] = log.action;
      if (!log.data)
      {
        json[isJson ? "JsonLogData" : "Base64LogData"] = Json::nullValue;
        return json;
      }
      Json::Value data;
      if (isJson && TryParseJson(data, log.data->bytes))
      {
        json["JsonLogData"] = data;
      }
      else
      {
        json["Base64LogData"] = EncodeBase64(log.data->bytes);
      }
      return json;
    }

    // The text of the array without its end
    std::string FormatPiece(const std::vector<StoredAuditLog>& logs, bool isJson)
    {
      Json::Value array(Json::arrayValue);
      for (const StoredAuditLog& log : logs)
      {
        array.append(Format(log, isJson));
      }
      std::string text = WriteStyledJson(array);
      text.resize(text.size() - ARRAY_END.size());
      return text;
    }
  }

  AuditLogsHandler::AuditLogsHandler(IDatabase& database, const IIndexDialect& dialect)
      : database_(database), dialect_(dialect)
  {
  }

  HttpAnswer AuditLogsHandler::List(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    const bool isJson = ReadIsJson(call);
    const auto reader = std::make_shared<AuditLogsReader>(database_, dialect_, ReadFilter(call));
    const auto first = std::make_shared<std::vector<StoredAuditLog>>(reader->ReadPiece());
    if (first->empty())
    {
      return HttpAnswer::Json(Json::nullValue); // as the stock plugin
    }
    HttpAnswer answer;
    answer.headers["Content-Type"] = "application/json";
    if (reader->IsAtEnd())
    {
      answer.body = FormatPiece(*first, isJson).append(ARRAY_END);
      return answer;
    }
    answer.stream = [reader, first, isJson](const HttpAnswer::SendChunk& send)
    {
      send(FormatPiece(*first, isJson));
      first->clear();
      for (auto logs = reader->ReadPiece(); !logs.empty(); logs = reader->ReadPiece())
      {
        send("," + FormatPiece(logs, isJson).substr(1));
      }
      send(ARRAY_END);
    };
    return answer;
  }
}
