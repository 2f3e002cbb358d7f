// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // Something that a part of this replica wants to know at each heartbeat, so that it needs not look by
  // itself.
  struct PulseQuestion
  {
    // A subquery in parentheses that answers one integer, or NULL; $1 is the incarnation of this replica. A
    // literal. It must be found through an index, whatever the size of the tables.
    std::string_view sql;

    // Quick, and called on the thread of the heartbeat
    std::function<void(std::optional<int64_t> answer)> onAnswer;
  };

  // The questions that the statement of the heartbeat asks besides its own. Thread-safe; it outlives what
  // Ask() answers.
  class PulseQuestions
  {
  public:
    // Destroyed: the question is not asked any more, and its handler does not run.
    class Asked;

    // What the pulse takes along
    struct Round
    {
      std::vector<uint64_t> ids;
      std::vector<std::string_view> sql;
    };

    // "interval": between two heartbeats; none if there are none.
    explicit PulseQuestions(std::optional<std::chrono::milliseconds> interval = std::nullopt);

    std::shared_ptr<Asked> Ask(PulseQuestion question);

    // How often somebody who would have to look that often without a heartbeat looks by himself.
    std::chrono::milliseconds GetLookInterval(std::chrono::milliseconds alone) const;

    Round GetRound() const;

    // The answers to a round, in its order
    void Deliver(const Round& round, std::span<const std::optional<int64_t>> answers);

  private:
    const std::optional<std::chrono::milliseconds> interval_;
    mutable std::mutex mutex_; // held while the handlers run
    std::map<uint64_t, PulseQuestion> questions_;
    uint64_t last_ = 0;
  };
}
