// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace OrthancRegistry::Move
{
  // A configuration of Orthanc, as the core reads it: one file, or all files *.json of a folder, which must
  // not define the same option twice.
  namespace ConfigurationFiles
  {
    // RegistryError that names the file if it cannot be read.
    Json::Value Read(const std::filesystem::path& path);

    // ${NAME}, ${NAME:-default}, ${NAME:-"default"} and ${NAME:-'default'}, from the environment
    std::string SubstituteVariables(std::string_view text);
  }
}
