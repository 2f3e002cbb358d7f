// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/StorageArea.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t PIECE_SIZE = 1024 * 1024;
    constexpr size_t PIECES_PER_FLUSH = 4; // what a connection holds in memory at most, in each direction

    // Bytes of the caller as a parameter, without a copy
    Parameter BindBytes(std::string_view bytes)
    {
      return Parameter(ValueType::Binary, bytes);
    }

    void WriteRest(Transaction& transaction, int64_t object, std::string_view content)
    {
      size_t pending = 0;
      for (size_t offset = PIECE_SIZE; offset < content.size(); offset += PIECE_SIZE)
      {
        transaction.Execute("SELECT lo_put(CAST($1 AS OID), $2, $3)", object, offset,
                            BindBytes(content.substr(offset, PIECE_SIZE)));
        pending++;
        if (pending == PIECES_PER_FLUSH)
        {
          transaction.Flush();
          pending = 0;
        }
      }
    }

    std::optional<uint64_t> LookupSize(Transaction& transaction, const std::string& uuid, int type)
    {
      // 0x40000 opens for reading, whence 2 is the end; the object is closed by the end of the transaction
      const auto found = transaction.QueryOptional<int64_t>(
          "SELECT lo_lseek64(lo_open(content, 262144), 0, 2) FROM StorageArea WHERE uuid = $1 AND type = $2",
          uuid, type);
      return found ? std::make_optional(static_cast<uint64_t>(std::get<0>(*found))) : std::nullopt;
    }

    uint64_t GetSize(Transaction& transaction, const std::string& uuid, int type)
    {
      const auto size = LookupSize(transaction, uuid, type);
      if (!size)
      {
        throw RegistryError(ErrorCode::UnknownResource, "There is no file " + uuid + " in the storage area");
      }
      return *size;
    }

    [[noreturn]] void ThrowBadRange(const std::string& uuid)
    {
      throw RegistryError(ErrorCode::BadRange, "This range lies beyond the end of the file " + uuid);
    }

    void QueryPiece(Transaction& transaction, const std::string& uuid, int type, uint64_t offset,
                    std::span<char> target, size_t& received)
    {
      transaction.QueryLater<Binary>(
          "SELECT lo_get(content, $3, CAST($4 AS INTEGER)) FROM StorageArea WHERE uuid = $1 AND type = $2",
          [target, &received](const Binary& piece)
          {
            const size_t size = std::min(piece.bytes.size(), target.size());
            std::memcpy(target.data(), piece.bytes.data(), size);
            received += size;
          },
          uuid, type, offset, target.size());
    }

    // Answers how many bytes there were.
    size_t Read(Transaction& transaction, const std::string& uuid, int type, uint64_t start,
                std::span<char> target)
    {
      size_t received = 0;
      size_t pending = 0;
      for (size_t done = 0; done < target.size(); done += PIECE_SIZE)
      {
        QueryPiece(transaction, uuid, type, start + done,
                   target.subspan(done, std::min(PIECE_SIZE, target.size() - done)), received);
        pending++;
        if (pending == PIECES_PER_FLUSH)
        {
          transaction.Flush();
          pending = 0;
          if (received < std::min(done + PIECE_SIZE, target.size()))
          {
            return received; // too short already
          }
        }
      }
      transaction.Flush();
      return received;
    }
  }

  StorageArea::StorageArea(IDatabase& database, const RetryPolicy& policy)
      : database_(database), policy_(policy)
  {
  }

  void StorageArea::Create(const std::string& uuid, int type, std::string_view content)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const Parameter first = BindBytes(content.substr(0, PIECE_SIZE));
          if (content.size() <= PIECE_SIZE)
          {
            transaction.Execute(
                "INSERT INTO StorageArea(uuid, content, type) VALUES ($1, lo_from_bytea(0, $2), $3)", uuid,
                first, type);
            return;
          }
          const auto object = transaction.QueryValue<int64_t>(
              "INSERT INTO StorageArea(uuid, content, type) VALUES ($1, lo_from_bytea(0, $2), $3) "
              "RETURNING CAST(content AS BIGINT)",
              uuid, first, type);
          WriteRest(transaction, object, content);
        },
        policy_);
  }

  void StorageArea::ReadWhole(const std::string& uuid, int type, const Allocator& allocate)
  {
    RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          const uint64_t size = GetSize(transaction, uuid, type);
          if (size == 0)
          {
            return;
          }
          if (Read(transaction, uuid, type, 0, {allocate(size), size}) != size)
          {
            throw RegistryError(ErrorCode::UnknownResource, "The file " + uuid + " is being removed");
          }
        },
        policy_);
  }

  void StorageArea::ReadRange(const std::string& uuid, int type, uint64_t start, std::span<char> target)
  {
    RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          if (Read(transaction, uuid, type, start, target) == target.size() && !target.empty())
          {
            return;
          }
          // Too short: because there is no such file, because of the range, or because nothing was asked for
          const uint64_t size = GetSize(transaction, uuid, type);
          const bool isEmptyStart = target.empty() && start == 0;
          if (!isEmptyStart && (start >= size || target.size() > size - start))
          {
            ThrowBadRange(uuid);
          }
        },
        policy_);
  }

  void StorageArea::Remove(const std::string& uuid, int type)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          // The lock makes a second remover wait, and then find nothing: the rule on the table would fail for
          // it
          const auto found = transaction.QueryOptional<std::string>(
              "SELECT uuid FROM StorageArea WHERE uuid = $1 AND type = $2 FOR UPDATE", uuid, type);
          if (found)
          {
            transaction.Execute("DELETE FROM StorageArea WHERE uuid = $1 AND type = $2", uuid, type);
          }
        },
        policy_);
  }
}
