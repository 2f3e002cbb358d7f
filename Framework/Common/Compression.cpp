// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Compression.h"

#include "Framework/Common/Errors.h"

#include <zlib.h>

#include <limits>
#include <vector>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t CHUNK_SIZE = size_t{64} * 1024;

    class Inflater
    {
    public:
      Inflater()
      {
        if (inflateInit(&stream_) != Z_OK)
        {
          throw RegistryError(ErrorCode::NotEnoughMemory, "No memory for the decompression");
        }
      }

      ~Inflater()
      {
        inflateEnd(&stream_);
      }

      Inflater(const Inflater&) = delete;
      Inflater& operator=(const Inflater&) = delete;

      z_stream& Get()
      {
        return stream_;
      }

    private:
      z_stream stream_ = {};
    };

    [[noreturn]] void RefuseData()
    {
      throw RegistryError(ErrorCode::BadFileFormat, "Compressed data in the database is damaged");
    }
  }

  std::string Compress(std::string_view bytes)
  {
    uLongf size = compressBound(static_cast<uLong>(bytes.size()));
    std::string packed(size, '\0');
    if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                  reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()),
                  Z_BEST_SPEED) != Z_OK)
    {
      throw RegistryError(ErrorCode::NotEnoughMemory, "No memory for the compression");
    }
    packed.resize(size);
    return packed;
  }

  std::string Decompress(std::string_view packed, size_t maximumSize)
  {
    if (packed.size() > std::numeric_limits<uInt>::max())
    {
      RefuseData();
    }
    Inflater inflater;
    z_stream& stream = inflater.Get();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string bytes;
    std::vector<char> chunk(CHUNK_SIZE);
    for (int status = Z_OK; status != Z_STREAM_END;)
    {
      stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_out = static_cast<uInt>(chunk.size());
      status = inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END)
      {
        RefuseData(); // Z_BUF_ERROR: it ends too early
      }
      bytes.append(chunk.data(), chunk.size() - stream.avail_out);
      if (bytes.size() > maximumSize)
      {
        throw RegistryError(ErrorCode::BadFileFormat, "Compressed data in the database holds more than the " +
                                                          std::to_string(maximumSize) +
                                                          " bytes that are allowed");
      }
    }
    return bytes;
  }
}
