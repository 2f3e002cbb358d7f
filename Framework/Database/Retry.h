// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"

#include <utility>

namespace OrthancRegistry
{
  // How often a transaction that met RetryableError or ConnectionLostError is run again.
  struct RetryPolicy
  {
    unsigned int maximumRetries = 10;
    unsigned int firstDelayMilliseconds = 10; // doubled at each retry, plus up to as much at random
    unsigned int maximumDelayMilliseconds = 1000;
    bool isRepeatable = false; // to do it twice does no harm: a commit in doubt is run again as well
  };

  // Waits before retry number "retry" (0 for the first).
  void WaitBeforeRetry(const RetryPolicy& policy, unsigned int retry);

  // Runs action(transaction), commits, and answers what the action answered. The whole is run again as the
  // policy says, so the action must have no effect outside of the transaction; then the last error is thrown.
  // A connection that could not be had at all is not tried again: Acquire() has waited as long as configured.
  template <typename Action>
  auto RunTransaction(IDatabase& database, AccessMode mode, Action action, const RetryPolicy& policy = {})
  {
    for (unsigned int retry = 0;; retry++)
    {
      bool hasBegun = false;
      try
      {
        Transaction transaction(database, mode);
        hasBegun = true;
        if constexpr (std::is_void_v<decltype(action(transaction))>)
        {
          action(transaction);
          transaction.Commit();
          return;
        }
        else
        {
          auto result = action(transaction);
          transaction.Commit();
          return result;
        }
      }
      catch (const RetryableError&)
      {
        if (retry >= policy.maximumRetries)
        {
          throw;
        }
      }
      catch (const ConnectionLostError&)
      {
        if (!hasBegun || retry >= policy.maximumRetries)
        {
          throw;
        }
      }
      catch (const CommitInDoubtError&)
      {
        if (!policy.isRepeatable || retry >= policy.maximumRetries)
        {
          throw;
        }
      }
      WaitBeforeRetry(policy, retry);
    }
  }
}
