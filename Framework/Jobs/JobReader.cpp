// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobReader.h"

#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobSelect.h"
#include "Framework/Jobs/StoredContent.h"

#include <algorithm>
#include <map>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_PIECE = size_t{1024} * 1024; // bytes that are held at once

    constexpr size_t PACKED_SHARE = 10; // a text packs to a tenth of its size or so

    Json::Value ReadJson(const std::optional<std::string>& text)
    {
      Json::Value value;
      if (text)
      {
        TryParseJson(value, *text);
      }
      return value;
    }

    size_t GetSize(const std::optional<std::string>& text)
    {
      return text ? text->size() : 0;
    }

    // In the order of the handler of ReadJobs()
#define JOB_COLUMNS                                                                                          \
  "job.id, job.revision, job.type, job.state, job.origin, job.priority, job.destination, job.progress,"      \
  " job.errorCode, detail.errorDetails, job.createdAt, job.completedAt, job.runtimeMilliseconds,"            \
  " job.attempts, job.retries, job.notBefore, job.owner, job.replica, job.localId, job.requestedAction,"     \
  " job.requestedRevision, job.answeredRevision, job.answerCode, detail.submittedBy, detail.content,"        \
  " detail.userData, detail.errorPayload, detail.packedContent"                                              \
  " FROM SharedJobs AS job JOIN SharedJobDetails AS detail ON detail.id = job.id"

    // Calls target(Job, its size in bytes) for each row of a query of JOB_COLUMNS.
    template <typename Target, typename... Arguments>
    void ReadJobs(Transaction& transaction, std::string_view sql, Target target,
                  const Arguments&... arguments)
    {
      using Text = std::optional<std::string>;
      transaction
          .QueryEach<std::string, int64_t, std::string, JobState, JobOrigin, int, std::string, int, int,
                     std::string, int64_t, std::optional<int64_t>, int64_t, int, int, std::optional<int64_t>,
                     Text, Text, Text, std::optional<JobAction>, std::optional<int64_t>, int64_t, int,
                     std::string, Text, Text, Text, std::optional<Binary>>(
              sql,
              [&target](std::string id, int64_t revision, std::string type, JobState state, JobOrigin origin,
                        int priority, std::string destination, int progress, int errorCode,
                        std::string errorDetails, int64_t created, std::optional<int64_t> completed,
                        int64_t runtime, int attempts, int retries, std::optional<int64_t> notBefore,
                        const Text& owner, const Text& replica, const Text& localId,
                        std::optional<JobAction> requestedAction, std::optional<int64_t> requestedRevision,
                        int64_t answeredRevision, int answerCode, std::string submittedBy,
                        const Text& content, const Text& userData, const Text& errorPayload,
                        const std::optional<Binary>& packedContent)
              {
                Job job;
                job.id = std::move(id);
                job.revision = revision;
                job.type = std::move(type);
                job.state = state;
                job.origin = origin;
                job.priority = priority;
                job.destination = std::move(destination);
                job.progress = progress;
                job.errorCode = errorCode;
                job.errorDetails = std::move(errorDetails);
                job.created = created;
                job.completed = completed;
                job.runtimeMilliseconds = runtime;
                job.attempts = attempts;
                job.retries = retries;
                job.notBefore = notBefore;
                job.owner = owner.value_or("");
                job.replica = replica.value_or("");
                job.localId = localId.value_or("");
                job.requestedAction = requestedAction;
                job.requestedRevision = requestedRevision.value_or(0);
                job.answeredRevision = answeredRevision;
                job.answerCode = answerCode;
                job.submittedBy = std::move(submittedBy);
                job.content = ReadContent(content, packedContent);
                job.userData = ReadJson(userData);
                job.errorPayload = ReadJson(errorPayload);
                const size_t size = GetSize(content) + GetSize(userData) + GetSize(errorPayload) +
                                    (packedContent ? packedContent->bytes.size() * PACKED_SHARE : 0);
                target(std::move(job), size);
              },
              arguments...);
    }
  }

  JobReader::JobReader(IDatabase& database) : database_(database)
  {
  }

  std::vector<std::string> JobReader::GetIds()
  {
    auto ids = RunTransaction(database_, AccessMode::ReadOnly,
                              [](Transaction& transaction)
                              {
                                std::vector<std::string> rows;
                                transaction.QueryEach<std::string>("SELECT id FROM SharedJobs",
                                                                   [&rows](std::string id)
                                                                   {
                                                                     rows.push_back(std::move(id));
                                                                   });
                                return rows;
                              });
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  std::optional<Job> JobReader::Get(const std::string& id)
  {
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::optional<Job> found;
          ReadJobs(
              transaction,
              "SELECT " JOB_COLUMNS
              " WHERE job.id = COALESCE((SELECT run.jobId FROM SharedJobRuns AS run WHERE run.localId = $1), "
              "$1)",
              [&found](Job job, size_t)
              {
                found = std::move(job);
              },
              id);
          return found;
        });
  }

  JobPage JobReader::Find(const JobQuery& query)
  {
    const JobSelect select(query);
    auto positions = RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::vector<JobPosition> rows;
          transaction.QueryRows(select.GetText(), select.GetParameters(),
                                [&rows](const IRow& row)
                                {
                                  rows.push_back({row.GetInteger(1), row.GetInteger(2), row.GetText(0)});
                                });
          return rows;
        });
    JobPage page;
    if (query.limit && positions.size() > *query.limit)
    {
      positions.resize(*query.limit);
      page.next = positions.back();
    }
    page.ids.reserve(positions.size());
    for (JobPosition& position : positions)
    {
      page.ids.push_back(std::move(position.id));
    }
    return page;
  }

  std::vector<Job> JobReader::GetSome(const std::vector<std::string>& ids, size_t& next, size_t count)
  {
    const size_t end = std::min(ids.size(), next + count);
    const std::vector<std::string> batch(ids.begin() + static_cast<ptrdiff_t>(next),
                                         ids.begin() + static_cast<ptrdiff_t>(end));
    if (batch.empty())
    {
      return {};
    }
    using Rows = std::map<std::string, std::optional<Job>>; // empty if there was no room
    Rows rows = RunTransaction(database_, AccessMode::ReadOnly,
                               [&](Transaction& transaction)
                               {
                                 Rows read;
                                 size_t total = 0;
                                 ReadJobs(
                                     transaction, "SELECT " JOB_COLUMNS " WHERE job.id = ANY($1)",
                                     [&](Job job, size_t size)
                                     {
                                       std::optional<Job>& row = read[job.id];
                                       total += size;
                                       if (total <= MAXIMUM_PIECE || job.id == batch.front())
                                       {
                                         row = std::move(job);
                                       }
                                     },
                                     batch);
                                 return read;
                               });
    std::vector<Job> jobs;
    for (; next < end; next++)
    {
      const auto row = rows.find(ids[next]);
      if (row != rows.end() && !row->second)
      {
        break;
      }
      if (row != rows.end())
      {
        jobs.push_back(std::move(*row->second));
      }
    }
    return jobs;
  }

  JobCursor::JobCursor(JobReader& reader, JobQuery query) : reader_(reader), query_(std::move(query))
  {
    query_.limit = JobReader::MAXIMUM_BATCH;
  }

  JobCursor::JobCursor(JobReader& reader, std::vector<std::string> ids)
      : reader_(reader), hasMore_(false), ids_(std::move(ids))
  {
  }

  std::vector<Job> JobCursor::Next()
  {
    for (;;)
    {
      if (next_ == ids_.size() && !FindMore())
      {
        return {};
      }
      const size_t begin = next_;
      const size_t asked = std::min(batch_, ids_.size() - begin);
      std::vector<Job> jobs = reader_.GetSome(ids_, next_, asked);
      const size_t done = next_ - begin;
      batch_ = done < asked ? std::max<size_t>(done, 1) : std::min(2 * batch_, JobReader::MAXIMUM_BATCH);
      if (!jobs.empty())
      {
        return jobs;
      }
    }
  }

  bool JobCursor::FindMore()
  {
    if (!hasMore_)
    {
      return false;
    }
    JobPage page = reader_.Find(query_);
    ids_ = std::move(page.ids);
    next_ = 0;
    hasMore_ = page.next.has_value();
    query_.after = std::move(page.next);
    return !ids_.empty();
  }
}
