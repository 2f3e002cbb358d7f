// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/DirectoryHandler.h"

#include "Framework/Common/Errors.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Directory/DirectoryHistory.h"
#include "Framework/Directory/DirectoryStatus.h"
#include "Framework/Directory/KeyRotation.h"
#include "Framework/Plugin/RequestFilter.h"

#include <charconv>

namespace OrthancRegistry
{
  namespace
  {
    constexpr unsigned int MAXIMUM_LIMIT = 10000;

    // The value of an argument of GET, null if it is absent or empty
    const std::string* FindArgument(const HttpCall& call, const char* name)
    {
      const auto found = call.arguments.find(name);
      return found == call.arguments.end() || found->second.empty() ? nullptr : &found->second;
    }

    [[noreturn]] void Refuse(const char* argument, const std::string& expected)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          std::string("The argument \"") + argument + "\" must be " + expected);
    }

    DirectoryKind ParseKind(const std::string& text)
    {
      for (const DirectoryKind kind : {DirectoryKind::Modalities, DirectoryKind::Peers})
      {
        if (text == DirectoryFormat::GetListName(kind))
        {
          return kind;
        }
      }
      Refuse("kind", R"("modalities" or "peers")");
    }

    unsigned int ParseLimit(const std::string& text)
    {
      unsigned int limit = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
      if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > MAXIMUM_LIMIT)
      {
        Refuse("limit", "a number from 1 to " + std::to_string(MAXIMUM_LIMIT));
      }
      return limit;
    }

    DirectoryHistory::Filter ParseFilter(const HttpCall& call)
    {
      DirectoryHistory::Filter filter;
      if (const std::string* kind = FindArgument(call, "kind"))
      {
        filter.kind = ParseKind(*kind);
      }
      if (const std::string* name = FindArgument(call, "name"))
      {
        if (!DirectoryFormat::IsValidName(*name))
        {
          Refuse("name", "the name of a modality or peer");
        }
        filter.name = *name;
      }
      if (const std::string* limit = FindArgument(call, "limit"))
      {
        filter.limit = ParseLimit(*limit);
      }
      if (const std::string* since = FindArgument(call, "since"))
      {
        const auto moment = ParseTimestamp(*since);
        if (!moment)
        {
          Refuse("since", "a time such as 20261231T235959 or 2026-12-31T23:59:59Z");
        }
        filter.since = *moment;
      }
      return filter;
    }
  }

  DirectoryHandler::DirectoryHandler(const DirectoryConfiguration& configuration, const SecretBox& box,
                                     IDatabase& database, std::string replica,
                                     std::function<void()> onRotated)
      : configuration_(configuration), box_(box), database_(database), replica_(std::move(replica)),
        onRotated_(std::move(onRotated))
  {
  }

  HttpAnswer DirectoryHandler::GetStatus(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? HttpAnswer::Json(ReadDirectoryStatus(database_, configuration_))
                                          : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer DirectoryHandler::GetHistory(const HttpCall& call)
  {
    return call.method == HttpMethod::Get
               ? HttpAnswer::Json(DirectoryHistory::Read(database_, ParseFilter(call)))
               : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer DirectoryHandler::RotateKey(const HttpCall& call)
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    if (configuration_.isReadOnly)
    {
      throw RegistryError(ErrorCode::ForbiddenAccess,
                          "This Orthanc only reads (option \"ReadOnly\"): ask one that writes");
    }
    if (!configuration_.arePeersShared)
    {
      throw RegistryError(ErrorCode::BadRequest,
                          "The peers are not shared: set the option \"OrthancPeersInDatabase\" first");
    }
    const DirectoryAuthor author{RequestFilter::GetSender(call.path).user, call.remoteIp, replica_};
    const KeyRotation result = OrthancRegistry::RotateKey(database_, box_, author);
    if (result.rotated > 0)
    {
      onRotated_();
    }
    Json::Value answer(Json::objectValue);
    answer["Rotated"] = Json::Value::Int64{result.rotated};
    answer["Unchanged"] = Json::Value::Int64{result.unchanged};
    answer["Unreadable"] = Json::arrayValue;
    for (const std::string& name : result.unreadable)
    {
      answer["Unreadable"].append(name);
    }
    return HttpAnswer::Json(answer);
  }
}
