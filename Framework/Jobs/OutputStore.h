// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "Framework/Jobs/JobsConfiguration.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // The run of a queued job, or a local job (fence 0): only the replica that owns it may write its output.
  struct OutputOwner
  {
    std::string jobId; // of the shared job
    int64_t fence = 0;
  };

  struct OutputDescription
  {
    std::string fileName;
    std::string contentType;
    uint64_t size = 0;
  };

  // As readers see it
  struct JobOutput
  {
    OutputDescription description;
    int64_t fence = 0;
    bool isComplete = false;
    bool isEvicted = false;
    std::string evictionReason;

    bool IsAvailable() const
    {
      return isComplete && !isEvicted;
    }
  };

  // The outputs of jobs, cut into chunks of equal size. Each call is one short transaction, or several, so
  // that neither memory nor snapshots grow with the size of an output. Thread-safe.
  class OutputStore
  {
  public:
    static constexpr size_t CHUNK_SIZE = size_t{1024} * 1024;
    static constexpr size_t CHUNKS_PER_TRANSACTION = 4;

    // How often the output of a queued job may be lost by its core before the job fails
    static constexpr int MAXIMUM_LOSSES = 3;

    OutputStore(const JobsConfiguration& configuration, const ReplicaIdentity& identity, IDatabase& database,
                IMessageBus& bus);

    // Written by the owner, in this order. False, and nothing was written, if the job has ended or does not
    // belong to this replica and fence. Begin() replaces what earlier runs have left. "number" is that of the
    // first chunk in "content", which holds CHUNKS_PER_TRANSACTION chunks at most.
    bool Begin(const OutputOwner& owner, const std::string& key, const OutputDescription& description);
    bool Append(const OutputOwner& owner, const std::string& key, uint64_t number, std::string_view content);
    bool Complete(const OutputOwner& owner, const std::string& key);

    // Instead of these: there is no output, for that reason.
    bool Refuse(const OutputOwner& owner, const std::string& key, const OutputDescription& description,
                const std::string& reason);

    // True if this run has completed or refused the output already.
    bool IsSettled(const OutputOwner& owner, const std::string& key);

    enum class Returned
    {
      Done,     // another run will make the output
      TooOften, // MAXIMUM_LOSSES times already: nothing was changed
      TryLater, // an action on the job is being carried out
      NotOwned
    };

    // Hands a queued job back, uncounted, because its core has lost the output.
    Returned GiveBack(const OutputOwner& owner, const std::string& key);

    std::optional<JobOutput> Get(const std::string& jobId, const std::string& key);

    // Nothing once the output has been evicted or replaced.
    std::optional<std::string> ReadChunk(const std::string& jobId, const std::string& key, int64_t fence,
                                         uint64_t number);

    // Evicts an available output; false if there is none.
    bool Evict(const std::string& jobId, const std::string& key, const std::string& reason);

  private:
    bool ReplaceRow(const OutputOwner& owner, const std::string& key, const OutputDescription& description,
                    const std::optional<std::string>& refusal);
    bool DeleteOldChunks(const OutputOwner& owner, const std::string& key);
    void EvictLikeCore(Transaction& transaction, const OutputOwner& newest) const;

    const JobsConfiguration configuration_;
    const ReplicaIdentity identity_;
    IDatabase& database_;
    IMessageBus& bus_;
  };
}
