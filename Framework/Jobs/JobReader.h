// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/JobQuery.h"

#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // The ids of some jobs, and where the next ones begin: nothing at the end.
  struct JobPage
  {
    std::vector<std::string> ids;
    std::optional<JobPosition> next;
  };

  // Reads the shared registry. Thread-safe.
  class JobReader
  {
  public:
    explicit JobReader(IDatabase& database);

    // Sorted by id
    std::vector<std::string> GetIds();

    // By its id, or by the id of one of its runs at a core.
    std::optional<Job> Get(const std::string& id);

    JobPage Find(const JobQuery& query);

    // Of these jobs, reads up to "count" from number "next" on, and sets it behind the last one that was
    // read: there may be fewer if they are large. Those that have vanished are left out.
    static constexpr size_t MAXIMUM_BATCH = 200;
    std::vector<Job> GetSome(const std::vector<std::string>& ids, size_t& next, size_t count);

  private:
    IDatabase& database_;
  };

  // Goes through the jobs of a query in pieces that are small enough to be held in memory. Not thread-safe.
  class JobCursor
  {
  public:
    // The reader must outlive this object. All jobs of the query, whatever its limit; or these ones.
    JobCursor(JobReader& reader, JobQuery query);
    JobCursor(JobReader& reader, std::vector<std::string> ids);

    // Nothing at the end
    std::vector<Job> Next();

  private:
    bool FindMore();

    JobReader& reader_;
    JobQuery query_;
    bool hasMore_ = true;
    std::vector<std::string> ids_;
    size_t next_ = 0; // of ids_
    size_t batch_ = JobReader::MAXIMUM_BATCH;
  };
}
