// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/BulkActions.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"

#include <algorithm>
#include <iterator>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_BODY_SIZE = size_t{64} * 1024;
    constexpr size_t PAGE = 1000;

    [[noreturn]] void Refuse(const std::string& message)
    {
      throw RegistryError(ErrorCode::BadRequest, message);
    }

    std::string ToLowerCase(std::string text)
    {
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c)
                     {
                       return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                     });
      return text;
    }

    std::vector<std::string> ReadTexts(const std::string& name, const Json::Value& value)
    {
      if (value.isString())
      {
        return {value.asString()};
      }
      std::vector<std::string> texts;
      for (Json::ArrayIndex i = 0; value.isArray() && i < value.size(); i++)
      {
        if (!value[i].isString())
        {
          texts.clear();
          break;
        }
        texts.push_back(value[i].asString());
      }
      if (texts.empty())
      {
        Refuse("The field \"" + name + "\" must be a string, or a list of strings that is not empty");
      }
      return texts;
    }

    std::vector<std::string> FindAll(JobReader& reader, const JobFilter& filter)
    {
      JobQuery query;
      query.filter = filter;
      query.order = JobOrder::Created;
      query.limit = PAGE;
      std::vector<std::string> ids;
      do
      {
        JobPage page = reader.Find(query);
        std::move(page.ids.begin(), page.ids.end(), std::back_inserter(ids));
        query.after = std::move(page.next);
      } while (query.after);
      return ids;
    }

    BulkOutcome ApplyToOne(const BulkActor& actor, const std::string& id)
    {
      try
      {
        return actor(id);
      }
      catch (const std::exception& error)
      {
        LogWarning("Bulk action on job " + id + ": " + error.what());
        return BulkOutcome::Failed;
      }
    }
  }

  Json::Value BulkResult::Format() const
  {
    Json::Value target = Json::objectValue;
    target["Matched"] = static_cast<Json::UInt64>(matched);
    target["Changed"] = static_cast<Json::UInt64>(changed);
    target["Refused"] = static_cast<Json::UInt64>(refused);
    target["Failed"] = static_cast<Json::UInt64>(failed);
    return target;
  }

  JobFilter ParseBulkFilter(std::string_view body)
  {
    Json::Value json;
    if (body.size() > MAXIMUM_BODY_SIZE || !TryParseJson(json, body) || !json.isObject())
    {
      Refuse("The body must be a JSON object with filters, of 64 KiB at most");
    }
    JobArguments arguments;
    bool areAllMeant = false;
    for (const std::string& member : json.getMemberNames())
    {
      const std::string name = ToLowerCase(member);
      if (name == "all")
      {
        if (!json[member].isBool())
        {
          Refuse("The field \"All\" must be a Boolean");
        }
        areAllMeant = json[member].asBool();
      }
      else if (!arguments.emplace(name, ReadTexts(name, json[member])).second)
      {
        Refuse("The field \"" + name + "\" is there twice");
      }
    }
    const JobFilter filter = ParseJobFilter(arguments);
    if (filter.IsEmpty() != areAllMeant)
    {
      Refuse("Give either filters, or {\"All\": true} for all jobs");
    }
    return filter;
  }

  BulkResult ApplyToMany(JobReader& reader, const JobFilter& filter, const BulkActor& actor,
                         const std::function<bool()>& isStopping)
  {
    const std::vector<std::string> ids = FindAll(reader, filter);
    BulkResult result;
    result.matched = ids.size();
    for (const std::string& id : ids)
    {
      if (isStopping())
      {
        throw RegistryError(ErrorCode::DatabaseUnavailable,
                            "This server is about to stop: repeat the request, " +
                                std::to_string(result.changed) + " of " + std::to_string(result.matched) +
                                " jobs have been changed");
      }
      switch (ApplyToOne(actor, id))
      {
      case BulkOutcome::Changed:
        result.changed++;
        break;
      case BulkOutcome::Refused:
        result.refused++;
        break;
      case BulkOutcome::Failed:
        result.failed++;
        break;
      }
    }
    return result;
  }
}
