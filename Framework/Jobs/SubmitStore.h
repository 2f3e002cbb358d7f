// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/ClaimRank.h"
#include "Framework/Jobs/Job.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Jobs/StoredContent.h"
#include "Framework/Jobs/WaitingRoom.h"

#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // A new job beyond a limit of the configuration: 413 (never) or 503 (not now).
  class SubmissionRefused : public RegistryError
  {
  public:
    SubmissionRefused(ErrorCode code, int httpStatus, const std::string& message)
        : RegistryError(code, message), httpStatus_(httpStatus)
    {
    }

    int GetHttpStatus() const
    {
      return httpStatus_;
    }

  private:
    int httpStatus_;
  };

  // How new jobs come into the shared registry. Thread-safe.
  class SubmitStore
  {
  public:
    SubmitStore(const JobsConfiguration& configuration, IDatabase& database, IMessageBus& bus);

    // Writes a waiting job and announces it; visible everywhere when this returns. Answers its id, or that of
    // the job that was submitted to the same URI with the same key within the last day. SubmissionRefused if
    // a limit is exceeded; ParameterOutOfRange if the key is none.
    std::string Submit(const NewJob& job);

    // The id of that earlier job, so that a repeated submission is not checked against a world which the job
    // itself may have changed.
    std::optional<std::string> FindByKey(const std::string& key, const std::string& uri);

  private:
    std::string Write(Transaction& transaction, const std::string& id, const NewJob& job,
                      const StoredBody& body);
    static bool TakeKey(Transaction& transaction, const std::string& id, const NewJob& job);
    static std::optional<std::string> ReadKey(Transaction& transaction, const std::string& key,
                                              const std::string& uri, int64_t maximumAge);
    bool Exists(const std::string& id);

    const JobsConfiguration configuration_;
    const ClaimRank rank_;
    IDatabase& database_;
    IMessageBus& bus_;
    WaitingRoom waitingRoom_;
  };

  // 1 to 255 printable characters of ASCII
  bool IsRequestKey(std::string_view key);
}
