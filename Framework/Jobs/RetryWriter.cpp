// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RetryWriter.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Jobs/RetryRules.h"
#include "Framework/Jobs/StoredContent.h"

#include <random>

namespace OrthancRegistry
{
  namespace
  {
    double DrawShare()
    {
      std::random_device random;
      return std::uniform_real_distribution<double>(0, 1)(random);
    }
  }

  void PutOffRetry(Transaction& transaction, const RunUpdate& update, const std::string& incarnation,
                   const JobsConfiguration& configuration, std::vector<std::string>& written)
  {
    const ClaimedJob& job = update.job;
    const CoreJob& core = update.core;
    const RetryRule* const rule =
        core.state != JobState::Failure
            ? nullptr
            : FindRetryRule(configuration.retries, {job.type, job.destination, core.errorCode, job.retries});
    if (rule == nullptr)
    {
      return;
    }

    // A cancellation that has been asked for is the end. A pause is carried out here, as the core does it in
    // its state Retry.
    transaction.QueryLater<std::string>(
        "UPDATE SharedJobs SET revision = revision + 1, state = CASE WHEN requestedAction = 1 THEN 4 ELSE 5"
        " END, progress = 0, errorCode = $4, runtimeMilliseconds = $5, notBefore = SharedNow() + $6,"
        " retries = retries + 1, owner = NULL, replica = NULL, localId = NULL, changedAt = SharedNow(),"
        " answeredRevision = COALESCE(requestedRevision, answeredRevision),"
        " answerCode = CASE WHEN requestedRevision IS NULL THEN answerCode ELSE 0 END,"
        " requestedAction = NULL, requestedRevision = NULL"
        " WHERE id = $1 AND owner = $2 AND fence = $3 AND state <> 2 AND state <> 3"
        " AND COALESCE(requestedAction, 1) <> 0 RETURNING id",
        [&written](std::string id)
        {
          written.push_back(std::move(id));
        },
        job.id, incarnation, job.fence, core.errorCode, core.runtimeMilliseconds,
        GetRetryDelay(*rule, job.retries, DrawShare()));

    // The number of retries tells what has just been put off from what others have taken over.
    const StoredContent content = StoreContent(core.content, configuration);
    transaction.Execute(
        "UPDATE SharedJobDetails SET content = $4, packedContent = $5, errorDetails = $6, errorPayload = $7"
        " WHERE id = $1 AND EXISTS (SELECT 1 FROM SharedJobs WHERE id = $1 AND fence = $2 AND retries = $3"
        " AND owner IS NULL AND notBefore IS NOT NULL)",
        job.id, job.fence, job.retries + 1, content.text, content.packed, ToStorableText(core.errorDetails),
        StoreValue(core.errorPayload, configuration));
  }
}
