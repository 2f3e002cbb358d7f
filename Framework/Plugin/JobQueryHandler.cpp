// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobQueryHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Jobs/JobFormat.h"
#include "Framework/Plugin/BooleanArgument.h"
#include "Framework/Plugin/RevisionHeaders.h"

#include <charconv>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* NEXT_PAGE = "X-Next-Page";
    constexpr const char* ARRAY_END = "\n]\n";
    constexpr int64_t MAXIMUM_WAIT = 300; // seconds

    Timestamp GetNow()
    {
      return std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
          .count();
    }

    std::optional<int64_t> ReadNumber(const HttpCall& call, const char* name, int64_t maximum)
    {
      const auto found = call.arguments.find(name);
      if (found == call.arguments.end())
      {
        return std::nullopt;
      }
      const std::string& text = found->second;
      int64_t value = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
      if (result.ec != std::errc() || result.ptr != text.data() + text.size() || value < 0 || value > maximum)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, std::string("The argument \"") + name +
                                                                "\" must be a number from 0 to " +
                                                                std::to_string(maximum));
      }
      return value;
    }

    // The text of an element of an array, as the writer of the whole array would indent it
    std::string FormatElement(const Json::Value& element, bool isFirst)
    {
      constexpr std::string_view INDENTATION = "\n   ";
      const std::string text = WriteStyledJson(element);
      std::string target(isFirst ? "" : ",");
      target += INDENTATION;
      for (size_t begin = 0;;)
      {
        const size_t end = text.find('\n', begin);
        target.append(text, begin, end - begin);
        if (end + 1 >= text.size())
        {
          return target;
        }
        target += INDENTATION;
        begin = end + 1;
      }
    }
  }

  JobQueryHandler::JobQueryHandler(JobsService& service, ErrorDescriber describe)
      : service_(service), describe_(std::move(describe))
  {
  }

  HttpAnswer JobQueryHandler::List(const HttpCall& call)
  {
    const JobQuery query = ParseJobQuery(call.arguments);
    const bool isExpanded = ReadBooleanArgument(call, "expand");
    JobReader& reader = service_.GetReader();
    if (isExpanded)
    {
      return ListExpanded(reader, query);
    }
    const JobPage page = query.order == JobOrder::Id ? JobPage{reader.GetIds(), {}} : reader.Find(query);
    Json::Value ids = Json::arrayValue;
    for (const std::string& id : page.ids)
    {
      ids.append(id);
    }
    HttpAnswer answer = HttpAnswer::Json(ids);
    if (page.next)
    {
      answer.headers[NEXT_PAGE] = FormatPageToken(*page.next);
    }
    return answer;
  }

  HttpAnswer JobQueryHandler::ListExpanded(JobReader& reader, const JobQuery& query)
  {
    if (!query.limit)
    {
      return Expand(std::make_shared<JobCursor>(reader, query));
    }
    JobPage page = reader.Find(query);
    HttpAnswer answer = Expand(std::make_shared<JobCursor>(reader, std::move(page.ids)));
    if (page.next)
    {
      answer.headers[NEXT_PAGE] = FormatPageToken(*page.next);
    }
    return answer;
  }

  // The first jobs are read before the answer begins, so that most errors are still answered as such; and few
  // jobs are not streamed, because that ends the connection.
  HttpAnswer JobQueryHandler::Expand(const std::shared_ptr<JobCursor>& cursor)
  {
    std::vector<Job> first = cursor->Next();
    if (first.empty())
    {
      return HttpAnswer::Json(Json::arrayValue);
    }
    auto second = std::make_shared<std::vector<Job>>(cursor->Next());
    auto begin = std::make_shared<std::string>("[" + FormatElements(first, true));
    HttpAnswer answer;
    answer.headers["Content-Type"] = "application/json";
    if (second->empty())
    {
      answer.body = *begin + ARRAY_END;
      return answer;
    }
    answer.stream = [this, cursor, begin, second](const HttpAnswer::SendChunk& send)
    {
      send(*begin);
      begin->clear();
      for (std::vector<Job> jobs = std::move(*second); !jobs.empty(); jobs = cursor->Next())
      {
        if (service_.IsStopping())
        {
          throw RegistryError(ErrorCode::DatabaseUnavailable, "This server is about to stop");
        }
        send(FormatElements(jobs, false));
      }
      send(ARRAY_END);
    };
    return answer;
  }

  std::string JobQueryHandler::FormatElements(const std::vector<Job>& jobs, bool isFirst) const
  {
    std::string text;
    for (const Job& job : jobs)
    {
      text += FormatElement(FormatJob(job, GetNow(), describe_), isFirst);
      isFirst = false;
    }
    return text;
  }

  HttpAnswer JobQueryHandler::Read(const HttpCall& call, const std::string& id)
  {
    const auto seconds = ReadNumber(call, "wait", MAXIMUM_WAIT);
    const auto revision = ReadNumber(call, "revision", std::numeric_limits<int64_t>::max());
    const WaitResult result = seconds.value_or(0) == 0
                                  ? WaitResult{service_.Get(id), false}
                                  : service_.WaitForChange(id, revision, std::chrono::seconds(*seconds));
    if (!result.job)
    {
      return HttpAnswer::Empty(404);
    }
    const std::string tag = FormatEntityTag(result.job->revision);
    HttpAnswer answer = IsEntityTagNamed(call.FindHeader("if-none-match"), tag)
                            ? HttpAnswer::Empty(304)
                            : HttpAnswer::Json(FormatJob(*result.job, GetNow(), describe_));
    answer.headers["ETag"] = tag;
    if (result.isBusy)
    {
      answer.headers["Retry-After"] = "1";
    }
    return answer;
  }
}
