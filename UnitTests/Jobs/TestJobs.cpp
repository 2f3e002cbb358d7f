// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Jobs/TestJobs.h"

#include "Framework/Common/Uuid.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    void Insert(Transaction& transaction, const std::string& id, const TestJob& job)
    {
      const bool isLocal = job.origin == JobOrigin::Local;
      const bool isOwned = isLocal || job.state == JobState::Running || IsEnded(job.state);
      const auto owner = isOwned ? std::make_optional("incarnation of " + job.replica) : std::nullopt;
      const auto replica = isOwned ? std::make_optional(job.replica) : std::nullopt;
      const auto completed = IsEnded(job.state) ? std::make_optional(job.completed) : std::nullopt;
      const auto notBefore = job.isPutOff || (job.state == JobState::Retry && !isLocal)
                                 ? std::make_optional<int64_t>(9000000000000000)
                                 : std::nullopt;
      transaction.Execute("INSERT INTO SharedJobs(id, type, state, origin, priority, destination, createdAt,"
                          " changedAt, completedAt, attempts, owner, replica, localId, notBefore)"
                          " VALUES ($1, $2, $3, $4, 0, $5, $6, $6, $7, $8, $9, $10, $11, $12)",
                          id, job.type, job.state, job.origin, job.destination, job.created, completed,
                          isOwned ? 1 : 0, owner, replica,
                          isLocal ? std::make_optional(id) : std::optional<std::string>(), notBefore);
      transaction.Execute("INSERT INTO SharedJobDetails(id, content) VALUES ($1, $2)", id, job.content);
    }
  }

  std::vector<std::string> InsertJobs(IDatabase& database, const std::vector<TestJob>& jobs)
  {
    std::vector<std::string> ids;
    Transaction transaction(database, AccessMode::ReadWrite);
    for (const TestJob& job : jobs)
    {
      ids.push_back(job.id.empty() ? GenerateUuid() : job.id);
      Insert(transaction, ids.back(), job);
    }
    transaction.Commit();
    return ids;
  }

  std::string InsertJob(IDatabase& database, const TestJob& job)
  {
    return InsertJobs(database, {job}).front();
  }

  void InsertManyJobs(IDatabase& database, int64_t count)
  {
    Transaction transaction(database, AccessMode::ReadWrite);
    transaction.Execute(
        "WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers"
        " WHERE n < $1)"
        " INSERT INTO SharedJobs(id, type, state, origin, priority, destination, createdAt, changedAt,"
        " completedAt, attempts, owner, replica)"
        " SELECT 'job-' || CAST(1000000 + n AS TEXT), 'T' || CAST(n % 4 AS TEXT),"
        " CASE WHEN n % 1000 = 0 THEN 3 ELSE 2 END, 0, 0,"
        " CASE WHEN n % 4 = 3 THEN 'D' || CAST(n % 10 AS TEXT) ELSE '' END,"
        " 1000000000 + 1000 * n, 1000000000 + 1000 * n, 1000000000 + 1000 * n + 5, 1, 'o',"
        " 'R' || CAST(n % 3 AS TEXT) FROM numbers",
        count);
    transaction.Execute("INSERT INTO SharedJobDetails(id) SELECT id FROM SharedJobs");
    transaction.Commit();
  }
}
