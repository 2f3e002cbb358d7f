// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ProgressWriter.h"

#include "Framework/Jobs/StoredContent.h"

#include <cstdio>

namespace OrthancRegistry
{
  namespace
  {
    // Lists have elements of one column: its parts have a fixed width, but for the last one.
    template <typename Integer>
    std::string Format(Integer value, int width)
    {
      char text[24];
      std::snprintf(text, sizeof(text), "%0*lld", width, static_cast<long long>(value));
      return text;
    }

    constexpr int WIDTH = 19; // of any positive integer of 64 bits

    void WriteContents(Transaction& transaction, const std::vector<ProgressUpdate>& updates,
                       const std::string& incarnation, const JobsConfiguration& configuration)
    {
      std::vector<std::string> contents;
      for (const ProgressUpdate& update : updates)
      {
        if (!update.isContentNew)
        {
          continue;
        }
        const StoredContent content = StoreContent(update.core.content, configuration);
        if (!content.packed)
        {
          contents.push_back(Format(update.job.fence, WIDTH) + Format(update.job.id.size(), 3) +
                             update.job.id + content.text);
          continue;
        }
        transaction.Execute("UPDATE SharedJobDetails SET content = $4, packedContent = $5 WHERE id = $1"
                            " AND EXISTS (SELECT 1 FROM SharedJobs AS job WHERE job.id = $1"
                            " AND job.owner = $2 AND job.fence = $3 AND job.state <> 2 AND job.state <> 3)",
                            update.job.id, incarnation, update.job.fence, content.text, content.packed);
      }
      if (!contents.empty())
      {
        transaction.Execute(
            "UPDATE SharedJobDetails SET packedContent = NULL,"
            " content = substr(value, 23 + CAST(substr(value, 20, 3) AS INTEGER))"
            " FROM unnest($2) AS value"
            " WHERE SharedJobDetails.id = substr(value, 23, CAST(substr(value, 20, 3) AS INTEGER))"
            " AND EXISTS (SELECT 1 FROM SharedJobs AS job WHERE job.id = SharedJobDetails.id"
            " AND job.owner = $1 AND job.fence = CAST(substr(value, 1, 19) AS BIGINT)"
            " AND job.state <> 2 AND job.state <> 3)",
            incarnation, contents);
      }
    }
  }

  void WriteProgress(Transaction& transaction, const std::vector<ProgressUpdate>& updates,
                     const std::string& incarnation, const JobsConfiguration& configuration,
                     std::vector<std::string>& written)
  {
    std::vector<std::string> progress;
    for (const ProgressUpdate& update : updates)
    {
      progress.push_back(Format(update.job.fence, WIDTH) + Format(update.core.progress, 3) +
                         Format(update.core.runtimeMilliseconds, WIDTH) + update.job.id);
    }
    if (progress.empty())
    {
      return;
    }
    transaction.QueryLater<std::string>(
        "UPDATE SharedJobs SET revision = revision + 1, changedAt = SharedNow(),"
        " progress = CAST(substr(value, 20, 3) AS INTEGER),"
        " runtimeMilliseconds = CAST(substr(value, 23, 19) AS BIGINT)"
        " FROM unnest($2) AS value WHERE SharedJobs.id = substr(value, 42) AND owner = $1"
        " AND fence = CAST(substr(value, 1, 19) AS BIGINT) AND state <> 2 AND state <> 3 RETURNING id",
        [&written](std::string id)
        {
          written.push_back(std::move(id));
        },
        incarnation, progress);
    WriteContents(transaction, updates, incarnation, configuration);
  }
}
