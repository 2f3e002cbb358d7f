// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobWait.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::seconds MAXIMUM_SILENCE{5};
  }

  WaitResult WaitForChange(JobWaiters& waiters, const FindJob& find, const std::string& id,
                           std::optional<int64_t> revision, std::chrono::seconds patience)
  {
    const auto deadline = JobWaiters::Clock::now() + patience;
    auto waiter = waiters.TryAdd(id);
    auto job = find(id);
    if (job && waiter && job->id != id) // the id of a run
    {
      waiter.reset();
      waiter = waiters.TryAdd(job->id);
      job = find(job->id);
    }
    if (!job)
    {
      return {};
    }
    const std::string jobId = job->id;
    const int64_t known = revision.value_or(job->revision);
    while (waiter && job && job->revision <= known)
    {
      const auto now = JobWaiters::Clock::now();
      if (now >= deadline || waiters.IsClosed())
      {
        break;
      }
      waiter->Wait(std::min<JobWaiters::Clock::time_point>(deadline, now + MAXIMUM_SILENCE));
      job = find(jobId);
    }
    const bool isNew = !job || job->revision > known;
    return {std::move(job), !waiter && !isNew};
  }
}
