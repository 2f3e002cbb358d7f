// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>

namespace OrthancRegistry::Testing
{
  // Of the index that an Orthanc without plugin makes
  enum class CoreVersion
  {
    V1_10, // like 1.11: neither labels, revisions nor stores
    V1_12_7,
    V1_13
  };

  // A file in a temporary folder with the tables of such an index.
  class SourceFile
  {
  public:
    explicit SourceFile(CoreVersion version = CoreVersion::V1_13);
    ~SourceFile();

    SourceFile(const SourceFile&) = delete;
    SourceFile& operator=(const SourceFile&) = delete;

    const std::filesystem::path& GetFolder() const
    {
      return folder_;
    }

    std::filesystem::path GetPath() const
    {
      return folder_ / "index";
    }

    // A connection like that of a running Orthanc, which nobody can read beside
    struct Closer
    {
      void operator()(sqlite3* handle) const
      {
        sqlite3_close(handle);
      }
    };

    using Handle = std::unique_ptr<sqlite3, Closer>;

    Handle OpenAsOrthanc() const;

    void Execute(const std::string& sql) const;

    // Patients A (protected) and B with 2 instances each in series of their own, C with 1: everything that an
    // index of this version can hold. Internal ids of children are lower than those of their parents, the
    // last numbers of all tables belong to rows that are gone.
    void Fill() const;

  private:
    const CoreVersion version_;
    std::filesystem::path folder_;
  };
}
