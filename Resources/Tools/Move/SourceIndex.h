// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace OrthancRegistry::Move
{
  // What the versions of Orthanc that share version 6 of the schema have added to it
  struct SourceSchema
  {
    bool hasLabels = false;       // since Orthanc 1.12.0
    bool hasRevisions = false;    // since 1.12.8, with custom data of attachments
    bool hasStores = false;       // since 1.12.8: key-value stores and queues
    bool hasReservations = false; // since 1.12.10, in queues
  };

  class SourceStatement;

  // The file that an Orthanc without database plugin keeps its index in, as it is at one moment: as long as
  // this object lives, Orthanc cannot be started on it. Nothing is written. Not thread-safe.
  class SourceIndex
  {
  public:
    // A file, or the folder it is in. RegistryError if it is no such index, if its schema is not known, or if
    // Orthanc has it open.
    explicit SourceIndex(const std::filesystem::path& path);

    const std::filesystem::path& GetPath() const
    {
      return path_;
    }

    const SourceSchema& GetSchema() const
    {
      return schema_;
    }

    SourceStatement Prepare(std::string_view sql) const;

    // The first column of the first row; 0 if it is NULL or there is none
    int64_t QueryInteger(std::string_view sql) const;

    // The last number that SQLite has given to a row of this table
    int64_t GetSequence(std::string_view table) const;

    // Another one if Orthanc, or anybody else, has written to the file meanwhile
    std::string GetFingerprint() const;

  private:
    struct Closer
    {
      void operator()(sqlite3* handle) const
      {
        sqlite3_close_v2(handle);
      }
    };

    void Open();
    void BeginReading();
    void CheckVersion() const;
    bool HasTable(std::string_view table) const;
    bool HasColumn(std::string_view table, std::string_view column) const;

    std::filesystem::path path_;
    std::unique_ptr<sqlite3, Closer> handle_;
    SourceSchema schema_;
  };

  // A query of the source.
  class SourceStatement
  {
  public:
    SourceStatement(sqlite3* handle, std::string_view sql);

    // Parameters that the statement does not have are left out.
    void Bind(int number, int64_t value);
    void Bind(int number, const std::string& value);

    bool Step(); // false at the end of the rows

    int64_t GetInteger(int column) const;
    std::string_view GetText(int column) const; // until the next Step(); empty if the cell is NULL
    std::string_view GetBinary(int column) const;

  private:
    struct Finalizer
    {
      void operator()(sqlite3_stmt* statement) const
      {
        sqlite3_finalize(statement);
      }
    };

    bool HasParameter(int number) const;

    sqlite3* handle_;
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  };
}
