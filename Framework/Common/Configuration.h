// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"

#include <json/value.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // One section of the configuration of Orthanc, read with types and limits. A wrong type or a value out of
  // range is a RegistryError(BadParameterType, ParameterOutOfRange) that names section, option and value, and
  // says what is allowed. Not thread-safe: it is read once, at start.
  class ConfigurationSection
  {
  public:
    // "section" is the object of that name, or null if it is absent.
    ConfigurationSection(std::string name, const Json::Value& section);

    bool IsPresent(const std::string& option) const;
    bool GetBoolean(const std::string& option, bool defaultValue);
    int64_t GetInteger(const std::string& option, int64_t defaultValue, int64_t minimum, int64_t maximum);
    double GetNumber(const std::string& option, double defaultValue, double minimum, double maximum);
    std::string GetString(const std::string& option, const std::string& defaultValue);
    std::vector<std::string> GetStrings(const std::string& option); // a list, empty if it is absent

    // A list of objects, each to be read as a section of its own; empty if it is absent.
    std::vector<ConfigurationSection> GetSections(const std::string& option);

    // To be called after all options have been asked for: a line for the log for each option of the section
    // that nobody asked for, misspelled most of the time, with the name that is closest.
    std::vector<std::string> GetWarnings() const;

    // The error of a value that is not allowed. "allowed" continues "it must be ". The values of options that
    // may hold a password are not shown.
    RegistryError MakeError(const std::string& option, const std::string& allowed,
                            ErrorCode code = ErrorCode::ParameterOutOfRange) const;

  private:
    const Json::Value* Find(const std::string& option);
    const Json::Value* FindList(const std::string& option);
    std::string Quote(const std::string& option) const;

    std::string name_;
    Json::Value section_;
    std::set<std::string> known_;
  };
}
