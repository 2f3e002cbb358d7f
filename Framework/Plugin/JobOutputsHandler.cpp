// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobOutputsHandler.h"

#include "Framework/Common/Logging.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/HttpFileName.h"
#include "Framework/Plugin/HttpRange.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr uint64_t MAXIMUM_PART = uint64_t{16} * 1024 * 1024; // answered from memory

    [[noreturn]] void RefuseKey(const std::string& key)
    {
      throw RegistryError(ErrorCode::InexistentItem, "The job has no such output: " + key);
    }

    // One output, as it was when the request began
    class OutputReader
    {
    public:
      OutputReader(OutputStore& store, std::string jobId, std::string key, const JobOutput& output)
          : store_(store), jobId_(std::move(jobId)), key_(std::move(key)), fence_(output.fence),
            size_(output.description.size)
      {
      }

      uint64_t CountChunks() const
      {
        return (size_ + OutputStore::CHUNK_SIZE - 1) / OutputStore::CHUNK_SIZE;
      }

      std::string ReadChunk(uint64_t number) const
      {
        auto chunk = store_.ReadChunk(jobId_, key_, fence_, number);
        const uint64_t expected =
            std::min<uint64_t>(OutputStore::CHUNK_SIZE, size_ - number * OutputStore::CHUNK_SIZE);
        if (!chunk || chunk->size() != expected)
        {
          throw RegistryError(ErrorCode::InexistentItem,
                              "The output of job " + jobId_ + " has been evicted while it was read");
        }
        return std::move(*chunk);
      }

      std::string ReadPart(const HttpRange& range) const
      {
        std::string part;
        part.reserve(range.GetSize());
        for (uint64_t number = range.first / OutputStore::CHUNK_SIZE;
             number <= range.last / OutputStore::CHUNK_SIZE; number++)
        {
          const std::string chunk = ReadChunk(number);
          const uint64_t start = number * OutputStore::CHUNK_SIZE;
          const uint64_t first = std::max(range.first, start) - start;
          part += chunk.substr(first, std::min<uint64_t>(range.last - start + 1, chunk.size()) - first);
        }
        return part;
      }

    private:
      OutputStore& store_;
      std::string jobId_;
      std::string key_;
      int64_t fence_;
      uint64_t size_;
    };

    HttpRange FindRange(const HttpCall& call, uint64_t size)
    {
      const std::string* const header = call.FindHeader("range");
      // There is no validator that "If-Range" could name
      return header == nullptr || call.FindHeader("if-range") != nullptr ? HttpRange()
                                                                         : ParseRange(*header, size);
    }

    void SetHeaders(HttpAnswer& answer, const JobOutput& output)
    {
      const OutputDescription& description = output.description;
      answer.headers["Content-Type"] = description.contentType;
      if (!description.fileName.empty())
      {
        answer.headers["Content-Disposition"] = FormatFileName(description.fileName);
      }
      answer.headers["Accept-Ranges"] = "bytes";
    }
  }

  JobOutputsHandler::JobOutputsHandler(const JobsOptions& options, JobsService& service)
      : options_(options), service_(service)
  {
  }

  HttpAnswer JobOutputsHandler::Get(const HttpCall& call, const std::string& id, const std::string& key)
  {
    const Job job = FindJob(id, key);
    const auto output = service_.GetOutputs().Get(job.id, key);
    if (!output || !output->IsAvailable())
    {
      if (output && !output->evictionReason.empty())
      {
        throw RegistryError(ErrorCode::InexistentItem,
                            "The output is not available. " + output->evictionReason);
      }
      RefuseKey(key);
    }

    const uint64_t size = output->description.size;
    const HttpRange range = FindRange(call, size);
    if (range.kind == HttpRange::Kind::Unsatisfiable)
    {
      HttpAnswer refusal =
          options_.FormatFailure({GetName(call.method), call.path, static_cast<int>(ErrorCode::BadRange), 416,
                                  "The output ends before this range", Json::Value()});
      refusal.headers["Content-Range"] = "bytes */" + std::to_string(size);
      return refusal;
    }

    const OutputReader reader(service_.GetOutputs(), job.id, key, *output);
    HttpAnswer answer;
    SetHeaders(answer, *output);
    if (range.kind == HttpRange::Kind::Part && range.GetSize() <= MAXIMUM_PART)
    {
      answer.status = 206;
      answer.headers["Content-Range"] = "bytes " + std::to_string(range.first) + "-" +
                                        std::to_string(range.last) + "/" + std::to_string(size);
      answer.body = reader.ReadPart(range);
      return answer;
    }
    if (size == 0)
    {
      return answer;
    }
    // The first chunk is read before the answer begins, so that an error can still be told
    answer.streamSize = size;
    answer.stream = [reader, first = reader.ReadChunk(0)](const HttpAnswer::SendChunk& send)
    {
      send(first);
      for (uint64_t number = 1; number < reader.CountChunks(); number++)
      {
        send(reader.ReadChunk(number));
      }
    };
    return answer;
  }

  HttpAnswer JobOutputsHandler::Delete(const std::string& id, const std::string& key)
  {
    const Job job = FindJob(id, key);
    if (!service_.DeleteOutput(job, key))
    {
      RefuseKey(key);
    }
    if (service_.IsOwn(job))
    {
      DeleteAtCore(job.localId, key);
    }
    return HttpAnswer::Empty(200);
  }

  Job JobOutputsHandler::FindJob(const std::string& id, const std::string& key)
  {
    auto job = service_.Get(id);
    if (!job || job->state != JobState::Success)
    {
      RefuseKey(key);
    }
    return std::move(*job);
  }

  // It is of no use there any more, but nobody can reach it either
  void JobOutputsHandler::DeleteAtCore(const std::string& localId, const std::string& key)
  {
    try
    {
      CallCore(HttpMethod::Delete, "/jobs/" + localId + "/" + key);
    }
    catch (const RegistryError& error)
    {
      LogInfo("The output of job " + localId + " cannot be deleted at the core: " + error.what());
    }
  }
}
