// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Uuid.h"
#include "Framework/Directory/DirectoryConfiguration.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace OrthancRegistry::Testing
{
  // Files with keys in a temporary folder
  class KeyFiles
  {
  public:
    KeyFiles() : folder_(std::filesystem::temp_directory_path() / GenerateUuid())
    {
      std::filesystem::create_directory(folder_);
    }

    ~KeyFiles()
    {
      std::error_code ignored;
      std::filesystem::remove_all(folder_, ignored);
    }

    KeyFiles(const KeyFiles&) = delete;
    KeyFiles& operator=(const KeyFiles&) = delete;

    // The path of a new file that holds the text
    std::string Write(const std::string& text)
    {
      const std::filesystem::path path = folder_ / GenerateUuid();
      std::ofstream(path, std::ios::binary) << text;
      std::filesystem::permissions(path, std::filesystem::perms::owner_read);
      return path.string();
    }

    // An empty current key is none.
    DirectoryConfiguration MakeConfiguration(const std::string& current, const std::vector<std::string>& old)
    {
      DirectoryConfiguration configuration;
      configuration.areModalitiesShared = true;
      configuration.arePeersShared = true;
      configuration.keyFile = current.empty() ? "" : Write(current);
      for (const std::string& key : old)
      {
        configuration.oldKeyFiles.push_back(Write(key));
      }
      return configuration;
    }

  private:
    std::filesystem::path folder_;
  };
}
