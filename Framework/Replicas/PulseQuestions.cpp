// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/PulseQuestions.h"

#include <algorithm>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::minutes LOOK_ALL_THE_SAME{1};
  }

  class PulseQuestions::Asked
  {
  public:
    Asked(PulseQuestions& questions, uint64_t id) : questions_(questions), id_(id)
    {
    }

    ~Asked()
    {
      const std::lock_guard lock(questions_.mutex_);
      questions_.questions_.erase(id_);
    }

    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

  private:
    PulseQuestions& questions_;
    const uint64_t id_;
  };

  PulseQuestions::PulseQuestions(std::optional<std::chrono::milliseconds> interval) : interval_(interval)
  {
  }

  std::shared_ptr<PulseQuestions::Asked> PulseQuestions::Ask(PulseQuestion question)
  {
    const std::lock_guard lock(mutex_);
    questions_.emplace(++last_, std::move(question));
    return std::make_shared<Asked>(*this, last_);
  }

  std::chrono::milliseconds PulseQuestions::GetLookInterval(std::chrono::milliseconds alone) const
  {
    const bool isTold = interval_ && *interval_ <= alone;
    return isTold ? std::max<std::chrono::milliseconds>(alone, LOOK_ALL_THE_SAME) : alone;
  }

  PulseQuestions::Round PulseQuestions::GetRound() const
  {
    const std::lock_guard lock(mutex_);
    Round round;
    for (const auto& [id, question] : questions_)
    {
      round.ids.push_back(id);
      round.sql.push_back(question.sql);
    }
    return round;
  }

  void PulseQuestions::Deliver(const Round& round, std::span<const std::optional<int64_t>> answers)
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < answers.size() && i < round.ids.size(); i++)
    {
      const auto question = questions_.find(round.ids[i]);
      if (question != questions_.end())
      {
        question->second.onAnswer(answers[i]);
      }
    }
  }
}
