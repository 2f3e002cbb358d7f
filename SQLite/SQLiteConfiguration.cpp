// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteConfiguration.h"

#include "Framework/Common/Configuration.h"

#include <filesystem>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* SECTION = "SQLite";

    std::string GetDefaultPath(const Json::Value& configuration)
    {
      ConfigurationSection core("Orthanc", configuration);
      const std::string storage = core.GetString("StorageDirectory", "OrthancStorage");
      return std::filesystem::path(core.GetString("IndexDirectory", storage)) / "index.sqlite";
    }
  }

  SQLiteConfiguration SQLiteConfiguration::Read(const Json::Value& configuration)
  {
    SQLiteConfiguration result;
    ConfigurationSection section(SECTION, configuration.get(SECTION, Json::Value()));
    result.isIndexEnabled = section.GetBoolean("EnableIndex", false);
    result.parameters.isReadOnly =
        ConfigurationSection("Orthanc", configuration).GetBoolean("ReadOnly", false);
    result.parameters.path = section.GetString("Path", GetDefaultPath(configuration));
    result.parameters.maximumReaders = static_cast<unsigned int>(
        section.GetInteger("MaximumReaders", result.parameters.maximumReaders, 1, 1000));
    result.parameters.busyTimeoutSeconds = static_cast<unsigned int>(
        section.GetInteger("BusyTimeoutSeconds", result.parameters.busyTimeoutSeconds, 1, 3600));
    result.warnings = section.GetWarnings();
    return result;
  }
}
