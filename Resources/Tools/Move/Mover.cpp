// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/Mover.h"

#include "Framework/Database/Retry.h"
#include "Framework/Index/StatisticsQueries.h"

#include <algorithm>
#include <numeric>

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr RetryPolicy REPEATABLE{.isRepeatable = true};
  }

  Mover::Mover(const SourceIndex& source, ITarget& target, std::string server,
               const SourceReader::Limits& limits, IMoveReport& report)
      : source_(source), target_(target), server_(std::move(server)), limits_(limits), report_(report),
        steps_(GetCopySteps(source.GetSchema())), counts_(CountRows())
  {
  }

  bool Mover::Run()
  {
    report_.OnBegin(BeginMove(target_, source_.GetFingerprint(), server_) == Beginning::Continued);
    MakeSchema();
    Prepare();
    CopyAll();
    report_.OnCopied();
    Complete();
    report_.OnCompleted();
    const bool isEqual = Verify();
    if (isEqual)
    {
      Finish();
    }
    return isEqual;
  }

  void Mover::MakeSchema()
  {
    for (const std::string_view component : target_.GetComponents())
    {
      Migrator(target_.GetDatabase(), std::string(component), target_.GetMigrations(component)).Run();
    }
  }

  // Not again if only the end of an earlier run is missing
  void Mover::Prepare()
  {
    const bool isAllCopied = std::all_of(steps_.begin(), steps_.end(),
                                         [this](const CopyStep& step)
                                         {
                                           return ReadState(step).isDone;
                                         });
    if (!isAllCopied)
    {
      RunTransaction(
          target_.GetDatabase(), AccessMode::ReadWrite,
          [&](Transaction& transaction)
          {
            target_.Prepare(transaction);
          },
          REPEATABLE);
    }
  }

  std::vector<int64_t> Mover::CountRows() const
  {
    std::vector<int64_t> counts;
    for (const CopyStep& step : steps_)
    {
      counts.push_back(source_.QueryInteger(step.count));
    }
    return counts;
  }

  void Mover::CopyAll()
  {
    const int64_t total = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
    int64_t done = 0;
    for (size_t i = 0; i < steps_.size(); i++)
    {
      CopyOne(steps_[i], done, total);
      done += counts_[i];
    }
  }

  void Mover::CopyOne(const CopyStep& step, int64_t doneBefore, int64_t total)
  {
    StepState state = ReadState(step);
    SourceReader reader(source_, step, state.lastKey, server_);
    Batch batch(step.columns);
    while (!state.isDone)
    {
      state = CopyBatch(step, reader, batch, state);
      report_.OnBatch(step.name, state.copied.rows, doneBefore + state.copied.rows, total);
    }
  }

  StepState Mover::ReadState(const CopyStep& step)
  {
    return RunTransaction(target_.GetDatabase(), AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            return MoveProgress::Read(transaction, step.name);
                          });
  }

  StepState Mover::CopyBatch(const CopyStep& step, SourceReader& reader, Batch& batch, const StepState& from)
  {
    StepState to = from;
    to.isDone = !reader.Read(batch, to.copied, limits_);
    to.lastKey = reader.GetLastKey();
    RunTransaction(target_.GetDatabase(), AccessMode::ReadWrite,
                   [&](Transaction& transaction)
                   {
                     MoveProgress::Advance(transaction, step.name, from, to);
                     if (batch.GetRows() > 0)
                     {
                       target_.Insert(transaction, step, batch);
                     }
                   });
    return to;
  }

  void Mover::Complete()
  {
    FoldStatistics();
    SetSequences();
    bool isMore = true;
    while (isMore)
    {
      isMore = RunTransaction(target_.GetDatabase(), AccessMode::ReadWrite,
                              [&](Transaction& transaction)
                              {
                                return target_.CompleteNext(transaction);
                              });
    }
  }

  void Mover::SetSequences()
  {
    RunTransaction(
        target_.GetDatabase(), AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          for (const std::string_view sequence : SEQUENCES)
          {
            target_.SetSequence(transaction, sequence, source_.GetSequence(sequence));
          }
        },
        REPEATABLE);
  }

  void Mover::FoldStatistics()
  {
    bool isMore = true;
    while (isMore)
    {
      IndexTransaction transaction(target_.GetDatabase(), target_.GetDialect(), AccessMode::ReadWrite);
      isMore = StatisticsQueries::Fold(transaction);
      transaction.transaction.Commit();
    }
  }

  bool Mover::Verify()
  {
    bool isEqual = true;
    const auto add = [&](const Comparison& comparison)
    {
      report_.OnCompared(comparison);
      isEqual = isEqual && comparison.IsEqual();
    };
    for (size_t i = 0; i < steps_.size(); i++)
    {
      add(Compare(target_, steps_[i], counts_[i]));
    }
    for (const Comparison& comparison : CompareStatistics(source_, target_))
    {
      add(comparison);
    }
    return isEqual;
  }

  void Mover::Finish()
  {
    RunTransaction(target_.GetDatabase(), AccessMode::Exclusive,
                   [&](Transaction& transaction)
                   {
                     MoveProgress::Remove(transaction);
                   });
  }
}
