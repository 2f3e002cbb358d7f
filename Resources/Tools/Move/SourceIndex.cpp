// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/SourceIndex.h"

#include "Framework/Common/Errors.h"

#include <array>
namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr const char* FILE_NAME = "index"; // in the folder of the option "IndexDirectory"
    constexpr int HEADER_SIZE = 100;           // of a file of SQLite, with a counter of its changes
    constexpr std::string_view DIGITS = "0123456789abcdef";
    constexpr int LOCK_TIMEOUT_MILLISECONDS = 2000;

    [[noreturn]] void Throw(sqlite3* handle, const std::string& context)
    {
      throw RegistryError(ErrorCode::Database, context + ": " + sqlite3_errmsg(handle));
    }

    std::string Quote(const std::filesystem::path& path)
    {
      return "\"" + path.string() + "\"";
    }

    // Through SQLite, because to close the file once would let go all locks of this process on it
    std::string ReadHeader(sqlite3* handle)
    {
      sqlite3_file* file = nullptr;
      std::array<unsigned char, HEADER_SIZE> header{};
      if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) !=
              SQLITE_OK ||
          file->pMethods->xRead(file, header.data(), HEADER_SIZE, 0) != SQLITE_OK)
      {
        throw RegistryError(ErrorCode::Database, "The header of the index to move cannot be read");
      }
      std::string text;
      for (const unsigned char byte : header)
      {
        text += DIGITS[byte >> 4];
        text += DIGITS[byte & 15];
      }
      return text;
    }
  }

  SourceIndex::SourceIndex(const std::filesystem::path& path)
      : path_(std::filesystem::is_directory(path) ? path / FILE_NAME : path)
  {
    if (!std::filesystem::is_regular_file(path_))
    {
      throw RegistryError(ErrorCode::InexistentFile,
                          "There is no file " + Quote(path_) +
                              ": name the file \"index\" in the \"IndexDirectory\" of the Orthanc to move");
    }
    Open();
    BeginReading();
    CheckVersion();
    schema_.hasLabels = HasTable("Labels");
    schema_.hasRevisions = HasColumn("Metadata", "revision") && HasColumn("AttachedFiles", "revision") &&
                           HasColumn("AttachedFiles", "customData");
    schema_.hasStores = HasTable("KeyValueStores") && HasTable("Queues");
    schema_.hasReservations = HasColumn("Queues", "reservedUntil");
  }

  void SourceIndex::Open()
  {
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, nullptr);
    handle_.reset(handle);
    if (code != SQLITE_OK)
    {
      Throw(handle, Quote(path_) + " cannot be opened");
    }
    sqlite3_busy_timeout(handle, LOCK_TIMEOUT_MILLISECONDS);
  }

  // The lock of a reader lasts as long as its transaction, and Orthanc wants the file for itself.
  void SourceIndex::BeginReading()
  {
    const int code =
        sqlite3_exec(handle_.get(), "BEGIN; SELECT COUNT(*) FROM sqlite_master", nullptr, nullptr, nullptr);
    switch (code & 0xff)
    {
    case SQLITE_OK:
      return;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw RegistryError(ErrorCode::Database, Quote(path_) + " is open in Orthanc: stop it first");
    case SQLITE_NOTADB:
      throw RegistryError(ErrorCode::BadFileFormat, Quote(path_) + " is no index of Orthanc");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      throw RegistryError(ErrorCode::Database,
                          Quote(path_) + " was not closed by Orthanc, and there is no right to write to "
                                         "its folder: start Orthanc once more and stop it in order, or "
                                         "run this program as the user of Orthanc");
    default:
      Throw(handle_.get(), Quote(path_) + " cannot be read");
    }
  }

  void SourceIndex::CheckVersion() const
  {
    if (HasTable("SharedVersions"))
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          Quote(path_) +
                              " is an index of Orthanc Registry already: there is nothing to move");
    }
    if (!HasTable("GlobalProperties") || !HasTable("Resources") || !HasTable("PatientRecyclingOrder"))
    {
      throw RegistryError(ErrorCode::BadFileFormat, Quote(path_) + " is no index of Orthanc");
    }
    const int64_t version =
        QueryInteger("SELECT CAST(value AS INTEGER) FROM GlobalProperties WHERE property = 1");
    if (version != 6)
    {
      throw RegistryError(
          ErrorCode::IncompatibleConfigurations,
          Quote(path_) + " has version " + std::to_string(version) +
              " of the schema, and only version 6 is known: start it once, without plugin, with "
              "Orthanc 1.12 and its option --upgrade");
    }
  }

  SourceStatement SourceIndex::Prepare(std::string_view sql) const
  {
    return {handle_.get(), sql};
  }

  int64_t SourceIndex::QueryInteger(std::string_view sql) const
  {
    SourceStatement statement = Prepare(sql);
    return statement.Step() ? statement.GetInteger(0) : 0;
  }

  int64_t SourceIndex::GetSequence(std::string_view table) const
  {
    SourceStatement statement = Prepare("SELECT seq FROM sqlite_sequence WHERE name = ?1");
    statement.Bind(1, std::string(table));
    return statement.Step() ? statement.GetInteger(0) : 0;
  }

  std::string SourceIndex::GetFingerprint() const
  {
    std::error_code error; // usually there is no such file
    const auto logSize = std::filesystem::file_size(path_.string() + "-wal", error);
    std::string fingerprint = ReadHeader(handle_.get()) + " " + std::to_string(error ? 0 : logSize);
    SourceStatement statement = Prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name");
    while (statement.Step())
    {
      fingerprint += " " + std::string(statement.GetText(0)) + "=" + std::to_string(statement.GetInteger(1));
    }
    return fingerprint;
  }

  bool SourceIndex::HasTable(std::string_view table) const
  {
    SourceStatement statement =
        Prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE");
    statement.Bind(1, std::string(table));
    return statement.Step();
  }

  bool SourceIndex::HasColumn(std::string_view table, std::string_view column) const
  {
    SourceStatement statement = Prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2 COLLATE NOCASE");
    statement.Bind(1, std::string(table));
    statement.Bind(2, std::string(column));
    return statement.Step();
  }

  SourceStatement::SourceStatement(sqlite3* handle, std::string_view sql) : handle_(handle)
  {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(handle, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
    if (code != SQLITE_OK)
    {
      Throw(handle, "The index to move cannot be read");
    }
  }

  bool SourceStatement::HasParameter(int number) const
  {
    return number <= sqlite3_bind_parameter_count(statement_.get());
  }

  void SourceStatement::Bind(int number, int64_t value)
  {
    if (HasParameter(number) && sqlite3_bind_int64(statement_.get(), number, value) != SQLITE_OK)
    {
      Throw(handle_, "The index to move cannot be read");
    }
  }

  void SourceStatement::Bind(int number, const std::string& value)
  {
    if (HasParameter(number) &&
        sqlite3_bind_text(statement_.get(), number, value.data(), static_cast<int>(value.size()),
                          SQLITE_TRANSIENT) != SQLITE_OK)
    {
      Throw(handle_, "The index to move cannot be read");
    }
  }

  bool SourceStatement::Step()
  {
    switch (sqlite3_step(statement_.get()))
    {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      Throw(handle_, "The index to move cannot be read");
    }
  }

  int64_t SourceStatement::GetInteger(int column) const
  {
    return sqlite3_column_int64(statement_.get(), column);
  }

  std::string_view SourceStatement::GetText(int column) const
  {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column); // after the conversion to text
    return text == nullptr ? std::string_view() : std::string_view(text, static_cast<size_t>(size));
  }

  std::string_view SourceStatement::GetBinary(int column) const
  {
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<size_t>(size));
  }
}
