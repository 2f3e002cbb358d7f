// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobStore.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    Json::Value ReadJson(const std::optional<std::string>& text)
    {
      Json::Value value;
      if (text)
      {
        TryParseJson(value, *text);
      }
      return value;
    }

    std::optional<std::string> ToText(const Json::Value& value)
    {
      return value.isNull() ? std::nullopt : std::make_optional(ToStorableText(WriteJson(value)));
    }

    // In the order of the handler of ReadJobs()
#define JOB_COLUMNS                                                                                          \
  "job.id, job.revision, job.type, job.state, job.origin, job.priority, job.destination, job.progress,"      \
  " job.errorCode, detail.errorDetails, job.createdAt, job.completedAt, job.runtimeMilliseconds,"            \
  " job.attempts, job.retries, job.notBefore, job.owner, job.replica, job.localId, job.requestedAction,"     \
  " job.requestedRevision, job.answeredRevision, job.answerCode, detail.submittedBy, detail.content,"        \
  " detail.userData, detail.errorPayload"                                                                    \
  " FROM SharedJobs AS job JOIN SharedJobDetails AS detail ON detail.id = job.id"

    // Calls target(Job) for each row of a query of JOB_COLUMNS.
    template <typename Target, typename... Arguments>
    void ReadJobs(Transaction& transaction, std::string_view sql, Target target,
                  const Arguments&... arguments)
    {
      using Text = std::optional<std::string>;
      transaction.QueryEach<std::string, int64_t, std::string, JobState, JobOrigin, int, std::string, int,
                            int, std::string, int64_t, std::optional<int64_t>, int64_t, int, int,
                            std::optional<int64_t>, Text, Text, Text, std::optional<JobAction>,
                            std::optional<int64_t>, int64_t, int, std::string, Text, Text, Text>(
          sql,
          [&target](std::string id, int64_t revision, std::string type, JobState state, JobOrigin origin,
                    int priority, std::string destination, int progress, int errorCode,
                    std::string errorDetails, int64_t created, std::optional<int64_t> completed,
                    int64_t runtime, int attempts, int retries, std::optional<int64_t> notBefore,
                    const Text& owner, const Text& replica, const Text& localId,
                    std::optional<JobAction> requestedAction, std::optional<int64_t> requestedRevision,
                    int64_t answeredRevision, int answerCode, std::string submittedBy, const Text& content,
                    const Text& userData, const Text& errorPayload)
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
            job.content = ReadJson(content);
            job.userData = ReadJson(userData);
            job.errorPayload = ReadJson(errorPayload);
            target(std::move(job));
          },
          arguments...);
    }
  }

  JobStore::JobStore(IDatabase& database, IMessageBus& bus) : database_(database), bus_(bus)
  {
  }

  std::string JobStore::Submit(const NewJob& job)
  {
    std::string id = GenerateUuid();
    for (;;)
    {
      try
      {
        Insert(id, job);
        return id;
      }
      catch (const CommitInDoubtError&)
      {
        if (Exists(id))
        {
          return id;
        }
      }
    }
  }

  void JobStore::Insert(const std::string& id, const NewJob& job)
  {
    RunTransaction(database_, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     transaction.Execute(
                         "INSERT INTO SharedJobs(id, type, state, origin, priority, claimRank, destination,"
                         " createdAt, changedAt)"
                         " VALUES ($1, $2, 0, 0, $3, $5, $4, SharedNow(), SharedNow())",
                         id, job.type, job.priority, job.destination, -int64_t{job.priority});
                     transaction.Execute(
                         "INSERT INTO SharedJobDetails(id, uri, body, submittedBy, remoteIp, submittedAt,"
                         " userData) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                         id, job.request.uri, Binary{job.request.body}, ToStorableText(job.request.user),
                         ToStorableText(job.request.remoteIp), ToStorableText(job.request.submittedAt),
                         ToText(job.userData));
                     bus_.Publish(transaction, MESSAGE_JOBS);
                   });
  }

  bool JobStore::Exists(const std::string& id)
  {
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return transaction
                                .QueryOptional<std::string>("SELECT id FROM SharedJobs WHERE id = $1", id)
                                .has_value();
                          });
  }

  std::vector<std::string> JobStore::GetIds()
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

  std::vector<Job> JobStore::GetAll()
  {
    auto jobs = RunTransaction(database_, AccessMode::ReadOnly,
                               [](Transaction& transaction)
                               {
                                 std::vector<Job> rows;
                                 ReadJobs(transaction, "SELECT " JOB_COLUMNS,
                                          [&rows](Job job)
                                          {
                                            rows.push_back(std::move(job));
                                          });
                                 return rows;
                               });
    std::sort(jobs.begin(), jobs.end(),
              [](const Job& a, const Job& b)
              {
                return a.id < b.id;
              });
    return jobs;
  }

  std::optional<Job> JobStore::Get(const std::string& id)
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
              [&found](Job job)
              {
                found = std::move(job);
              },
              id);
          return found;
        });
  }

  void JobStore::Announce(const std::string& message)
  {
    RunTransaction(database_, AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     bus_.Publish(transaction, message);
                   });
  }
}
