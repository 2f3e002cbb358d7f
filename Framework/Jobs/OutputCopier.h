// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/OutputKeeper.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace OrthancRegistry
{
  // Copies the outputs of archives and media from the core into the registry, on threads of its own: the core
  // keeps few of them, and of this replica only. Several at a time, as long as they are small together.
  // Thread-safe.
  class OutputCopier : public IOutputKeeper
  {
  public:
    // "onSettled" is called, from any thread, when a job does not need to wait any more.
    OutputCopier(const JobsConfiguration& configuration, OutputStore& store, ICoreClient& core,
                 std::function<void()> onSettled);
    ~OutputCopier() override;

    void Start();

    // Returns when nothing is copied any more.
    void Stop();

    OutputVerdict Secure(const OutputOwner& owner, const CoreJob& job) override;
    void Prune(const std::set<std::string>& idsOfCore) override;

  private:
    struct Request
    {
      OutputOwner owner;
      std::string coreJobId;
      bool isLocal = false;
      uint64_t expectedSize = 0; // as far as the job tells it
    };

    void Loop(const std::stop_token& stop);
    bool TakeNext(Request& request);

    // Nothing: to be asked for again
    std::optional<OutputVerdict> Copy(const Request& request, const std::stop_token& stop);
    static std::optional<OutputVerdict> Drop(const Request& request);
    std::optional<OutputVerdict> Lose(const Request& request, const std::stop_token& stop);
    std::optional<OutputVerdict> Refuse(const Request& request, const OutputDescription& description,
                                        const std::string& reason, const std::stop_token& stop);
    std::optional<OutputVerdict> RecordRefusal(const Request& request, const OutputDescription& description,
                                               const std::string& reason, const std::stop_token& stop);
    std::optional<OutputVerdict> StorePatiently(const Request& request, const ICoreOutput& output,
                                                const std::stop_token& stop);
    std::optional<OutputVerdict> Store(const Request& request, const ICoreOutput& output,
                                       const std::stop_token& stop);
    static bool WriteRow(const Request& request, const std::stop_token& stop,
                         const std::function<bool()>& write);
    std::string FindObstacle(uint64_t size) const;

    const uint64_t maximumSize_; // 0 = none
    OutputStore& store_;
    ICoreClient& core_;
    std::function<void()> onSettled_;

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, OutputVerdict> verdicts_; // by the id of the core
    std::deque<Request> waiting_;
    size_t copying_ = 0;
    uint64_t copiedSize_ = 0;           // together
    std::vector<std::jthread> threads_; // used by Start() and Stop() only
  };

  // The only key of an output in the core
  inline constexpr const char* ARCHIVE_KEY = "archive";
}
