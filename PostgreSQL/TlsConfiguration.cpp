// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/TlsConfiguration.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <arpa/inet.h>
#include <unistd.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::array MODES = {"disable", "prefer", "require", "verify-ca", "verify-full"};
    constexpr const char* SYSTEM_CERTIFICATES = "system"; // how libpq calls those of the operating system

    struct FileOption
    {
      const char* name;
      const char* keyword; // of libpq
    };

    constexpr std::array<FileOption, 3> FILES = {
        {{"SslRootCertificate", "sslrootcert"}, {"SslCertificate", "sslcert"}, {"SslKey", "sslkey"}}};

    std::string GetMode(const PostgreSQLParameters& parameters)
    {
      const std::string* const mode = parameters.Find("sslmode");
      return mode == nullptr ? "prefer" : *mode; // the default of libpq
    }

    bool IsVerifying(const std::string& mode)
    {
      return mode == "verify-ca" || mode == "verify-full";
    }

    // What a URI has said already is left alone.
    void AddOption(PostgreSQLParameters& parameters, std::vector<std::string>& warnings,
                   const FileOption& option, const std::string& value)
    {
      if (!value.empty() && parameters.Find(option.keyword) != nullptr)
      {
        warnings.push_back(std::string("Configuration: \"PostgreSQL.") + option.name +
                           "\" is ignored, because \"ConnectionUri\" contains " + option.keyword);
        return;
      }
      parameters.Add(option.keyword, value);
    }

    std::string ReadMode(ConfigurationSection& section, bool isUri)
    {
      const std::string mode = section.GetString("SslMode", "");
      const bool isEncrypted = section.GetBoolean("EnableSsl", false);
      if (mode.empty())
      {
        return isUri ? "" : isEncrypted ? "require" : "disable";
      }
      if (std::find(MODES.begin(), MODES.end(), mode) == MODES.end())
      {
        throw section.MakeError("SslMode", "disable, prefer, require, verify-ca or verify-full");
      }
      if (!isUri && isEncrypted && (mode == "disable" || mode == "prefer"))
      {
        throw section.MakeError("SslMode", "require, verify-ca or verify-full where \"EnableSsl\" is true");
      }
      return mode;
    }

    std::string ReadFileName(ConfigurationSection& section, const char* option)
    {
      const std::string path = section.GetString(option, "");
      std::error_code error;
      const bool isSystem = path == SYSTEM_CERTIFICATES && option == std::string_view("SslRootCertificate");
      if (!path.empty() && !isSystem &&
          (!std::filesystem::is_regular_file(path, error) || access(path.c_str(), R_OK) != 0))
      {
        throw section.MakeError(option, "the path of a file that exists and that Orthanc may read");
      }
      return path;
    }

    void CheckFiles(const PostgreSQLParameters& parameters, ConfigurationSection& section)
    {
      const std::string mode = GetMode(parameters);
      const std::string root = section.GetString("SslRootCertificate", "");
      if (section.GetString("SslCertificate", "").empty() != section.GetString("SslKey", "").empty())
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "Configuration: \"PostgreSQL.SslCertificate\" and \"PostgreSQL.SslKey\" belong "
                            "together: both must be given, or none");
      }
      for (const auto& [option, keyword] : FILES)
      {
        if (mode == "disable" && !section.GetString(option, "").empty())
        {
          throw RegistryError(ErrorCode::ParameterOutOfRange,
                              std::string("Configuration: \"PostgreSQL.") + option +
                                  "\" has no effect on a connection that is not encrypted: set "
                                  "\"PostgreSQL.SslMode\" to \"verify-full\"");
        }
      }
      if (IsVerifying(section.GetString("SslMode", "")) && parameters.Find("sslrootcert") == nullptr)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "Configuration: \"PostgreSQL.SslMode\" is \"" + section.GetString("SslMode", "") +
                                "\", so \"PostgreSQL.SslRootCertificate\" must name the file with the "
                                "certificate of the authority that has signed the one of the server, or be "
                                "\"system\"");
      }
      if (root == SYSTEM_CERTIFICATES && mode != "verify-full")
      {
        throw section.MakeError("SslRootCertificate",
                                "the path of a file, unless \"SslMode\" is \"verify-full\"");
      }
    }

    bool IsLocalHost(const std::string& host)
    {
      in_addr address = {};
      return host.empty() || host == "localhost" || host == "::1" || host.starts_with("/") ||
             host.starts_with("@") ||
             (host.starts_with("127.") && inet_pton(AF_INET, host.c_str(), &address) == 1);
    }

    std::vector<std::string> GetList(const PostgreSQLParameters& parameters, const char* keyword)
    {
      const std::string* const list = parameters.Find(keyword);
      return list == nullptr ? std::vector<std::string>() : SplitList(*list);
    }

    void WarnOfListeners(const PostgreSQLParameters& parameters, std::vector<std::string>& warnings)
    {
      const std::string hosts = GetRemoteHosts(parameters);
      const std::string mode = GetMode(parameters);
      if (hosts.empty() || IsVerifying(mode))
      {
        return;
      }
      const std::string advice = " Set \"PostgreSQL.SslMode\" to \"verify-full\", and "
                                 "\"PostgreSQL.SslRootCertificate\".";
      if (mode != "require")
      {
        warnings.push_back("THE CONNECTION TO POSTGRESQL ON " + hosts +
                           " IS NOT (OR NOT ALWAYS) ENCRYPTED: patient data and the password can be read on "
                           "the network." +
                           advice);
      }
      else if (parameters.Find("sslrootcert") == nullptr) // with it, "require" verifies like "verify-ca"
      {
        warnings.push_back("The connection to PostgreSQL on " + hosts +
                           " is encrypted, but the identity of the server is not verified: who can redirect "
                           "the traffic can read and change everything." +
                           advice);
      }
    }
  }

  std::string GetRemoteHosts(const PostgreSQLParameters& parameters)
  {
    std::vector<std::string> hosts = GetList(parameters, "host");
    const std::vector<std::string> addresses = GetList(parameters, "hostaddr");
    hosts.resize(std::max(hosts.size(), addresses.size()));
    std::string remote;
    for (size_t i = 0; i < hosts.size(); i++)
    {
      const bool hasAddress = i < addresses.size() && !addresses[i].empty();
      const std::string& host = hasAddress ? addresses[i] : hosts[i];
      if (!IsLocalHost(host))
      {
        remote += (remote.empty() ? "" : ", ") + host;
      }
    }
    return remote;
  }

  void ReadTls(PostgreSQLParameters& parameters, std::vector<std::string>& warnings,
               ConfigurationSection& section, bool isUri)
  {
    AddOption(parameters, warnings, {"SslMode", "sslmode"}, ReadMode(section, isUri));
    for (const FileOption& option : FILES)
    {
      AddOption(parameters, warnings, option, ReadFileName(section, option.name));
    }
    CheckFiles(parameters, section);
    WarnOfListeners(parameters, warnings);
  }
}
