// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobStore.h"

#include "Framework/Common/Json.h"
#include "Framework/Database/Retry.h"
#include "Framework/Jobs/StoredContent.h"

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

    // In the order of the handler of ReadJobs()
#define JOB_COLUMNS                                                                                          \
  "job.id, job.revision, job.type, job.state, job.origin, job.priority, job.destination, job.progress,"      \
  " job.errorCode, detail.errorDetails, job.createdAt, job.completedAt, job.runtimeMilliseconds,"            \
  " job.attempts, job.retries, job.notBefore, job.owner, job.replica, job.localId, job.requestedAction,"     \
  " job.requestedRevision, job.answeredRevision, job.answerCode, detail.submittedBy, detail.content,"        \
  " detail.userData, detail.errorPayload, detail.packedContent"                                              \
  " FROM SharedJobs AS job JOIN SharedJobDetails AS detail ON detail.id = job.id"

    // Calls target(Job) for each row of a query of JOB_COLUMNS.
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
                target(std::move(job));
              },
              arguments...);
    }
  }

  JobStore::JobStore(IDatabase& database, IMessageBus& bus, const JobsConfiguration& configuration)
      : database_(database), bus_(bus), submit_(configuration, database, bus)
  {
  }

  std::string JobStore::Submit(const NewJob& job)
  {
    return submit_.Submit(job);
  }

  std::optional<std::string> JobStore::FindByKey(const std::string& key, const std::string& uri)
  {
    return submit_.FindByKey(key, uri);
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
