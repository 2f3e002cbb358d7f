// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/KnownSeries.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_SERIES = 10000; // about 2 MB

    constexpr size_t FEWEST_IDS = 16;
    constexpr size_t MOST_IDS = 256;

    // Ids are in about the order of arrival, also in a cluster.
    constexpr std::chrono::seconds LIFETIME_OF_IDS(60);

    thread_local std::string absent;
  }

  void KnownSeries::NoteAbsent(const std::string& publicId)
  {
    absent = publicId;
  }

  bool KnownSeries::TakeAbsent(const std::string& publicId)
  {
    return std::exchange(absent, {}) == publicId;
  }

  std::optional<CreatedInstance> KnownSeries::Expect(const std::string& series)
  {
    const std::lock_guard lock(mutex_);
    const auto found = series_.find(series);
    if (found == series_.end() || ids_.empty() || Clock::now() >= idsEnd_)
    {
      return std::nullopt;
    }
    CreatedInstance expected;
    expected.isNewInstance = true;
    expected.instanceId = ids_.front();
    ids_.pop_front();
    expected.patientId = found->second.patient;
    expected.studyId = found->second.study;
    expected.seriesId = found->second.series;
    expected.isChangePrepared = true;
    return expected;
  }

  void KnownSeries::Remember(const std::string& series, const CreatedInstance& created)
  {
    const std::lock_guard lock(mutex_);
    if (series_.size() >= MAXIMUM_SERIES)
    {
      series_.clear(); // those that still grow come back with their next instance
    }
    series_[series] = {created.patientId, created.studyId, created.seriesId};
  }

  void KnownSeries::Forget(const std::string& series)
  {
    const std::lock_guard lock(mutex_);
    series_.erase(series);
  }

  void KnownSeries::Distrust(const std::string& series)
  {
    const std::lock_guard lock(mutex_);
    series_.erase(series);
    ids_.clear();
  }

  size_t KnownSeries::CountIdsToReserve()
  {
    const std::lock_guard lock(mutex_);
    count_ = std::clamp(ids_.empty() ? count_ * 2 : count_ / 2, FEWEST_IDS, MOST_IDS);
    return count_;
  }

  void KnownSeries::SetIds(const std::vector<int64_t>& ids)
  {
    const std::lock_guard lock(mutex_);
    if (ids.empty() || (!ids_.empty() && ids_.back() > ids.back()))
    {
      return; // another thread was later, and is here already
    }
    ids_.assign(ids.begin(), ids.end());
    idsEnd_ = Clock::now() + LIFETIME_OF_IDS;
  }
}
