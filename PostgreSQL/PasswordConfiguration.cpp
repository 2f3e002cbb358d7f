// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PasswordConfiguration.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t LONGEST_PASSWORD = 4096;

    RegistryError MakePasswordError(const std::string& option, const std::string& problem)
    {
      return {ErrorCode::ParameterOutOfRange, "Configuration: \"PostgreSQL." + option + "\" " + problem};
    }

    void CheckPassword(const std::string& password, const std::string& option, const std::string& source)
    {
      if (password.empty())
      {
        throw MakePasswordError(option, "names " + source + " that is empty");
      }
      if (password.size() > LONGEST_PASSWORD || password.find('\0') != std::string::npos)
      {
        throw MakePasswordError(option, "names " + source + " that holds no password: at most " +
                                            std::to_string(LONGEST_PASSWORD) + " bytes, none of them zero");
      }
    }

    std::string ReadPasswordFile(const std::string& path)
    {
      constexpr const char* OPTION = "PasswordFile";
      errno = 0;
      std::ifstream file(path, std::ios::binary);
      std::string content(LONGEST_PASSWORD + 3,
                          '\0'); // room for an end of line, and to see that it is longer
      file.read(content.data(), static_cast<std::streamsize>(content.size()));
      if (!file.is_open() || file.bad())
      {
        const std::string reason = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
        throw MakePasswordError(OPTION, "names a file that cannot be read" + reason);
      }
      content.resize(static_cast<size_t>(file.gcount()));
      if (content.ends_with('\n'))
      {
        content.resize(content.size() - (content.ends_with("\r\n") ? 2 : 1));
      }
      CheckPassword(content, OPTION, "a file");
      return content;
    }

    std::string ReadPasswordVariable(const std::string& name)
    {
      constexpr const char* OPTION = "PasswordVariable";
      const char* const value = std::getenv(name.c_str());
      if (value == nullptr)
      {
        throw MakePasswordError(OPTION, "names a variable that the environment of Orthanc does not have");
      }
      CheckPassword(value, OPTION, "a variable");
      return value;
    }
  }

  PasswordConfiguration PasswordConfiguration::Read(ConfigurationSection& section)
  {
    const std::string password = section.GetString("Password", "");
    const std::string file = section.GetString("PasswordFile", "");
    const std::string variable = section.GetString("PasswordVariable", "");
    const int sources = (password.empty() ? 0 : 1) + (file.empty() ? 0 : 1) + (variable.empty() ? 0 : 1);
    if (sources > 1)
    {
      throw RegistryError(
          ErrorCode::ParameterOutOfRange,
          "Configuration: at most one of \"PostgreSQL.Password\", \"PostgreSQL.PasswordFile\" "
          "and \"PostgreSQL.PasswordVariable\" may be given");
    }
    if (!file.empty())
    {
      return {ReadPasswordFile(file), false};
    }
    if (!variable.empty())
    {
      return {ReadPasswordVariable(variable), false};
    }
    return {password, true};
  }
}
