// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConfiguration.h"

#include "Framework/Common/Configuration.h"
#include "Framework/Common/Errors.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* SECTION = "PostgreSQL";

    std::string GetKeyword(const PostgreSQLParameters& parameters, std::string_view name)
    {
      for (const auto& [keyword, value] : parameters.keywords)
      {
        if (keyword == name)
        {
          return value;
        }
      }
      return "";
    }

    void AddKeyword(PostgreSQLParameters& parameters, const char* keyword, const std::string& value)
    {
      if (!value.empty())
      {
        parameters.keywords.emplace_back(keyword, value);
      }
    }

    PostgreSQLParameters ReadConnection(ConfigurationSection& section)
    {
      const std::string uri = section.GetString("ConnectionUri", "");
      const std::string host = section.GetString("Host", "localhost");
      const int64_t port = section.GetInteger("Port", 5432, 1, 65535);
      const std::string database = section.GetString("Database", "");
      const std::string user = section.GetString("Username", "");
      const std::string password = section.GetString("Password", "");
      const bool hasTls = section.GetBoolean("EnableSsl", false);
      if (!uri.empty())
      {
        return PostgreSQLParameters::FromUri(uri);
      }
      PostgreSQLParameters parameters;
      AddKeyword(parameters, "host", host);
      AddKeyword(parameters, "port", std::to_string(port));
      AddKeyword(parameters, "dbname", database);
      AddKeyword(parameters, "user", user);
      AddKeyword(parameters, "password", password);
      AddKeyword(parameters, "sslmode", hasTls ? "require" : "disable");
      return parameters;
    }

    bool IsLocalHost(const std::string& host)
    {
      return host.empty() || host == "localhost" || host == "::1" || host.starts_with("127.") ||
             host.starts_with("/") || host.starts_with("@");
    }

    // Warns if somebody between the two machines could read, or pretend to be the database.
    void CheckTls(PostgreSQLConfiguration& target)
    {
      const std::string address = GetKeyword(target.parameters, "hostaddr");
      const std::string host = address.empty() ? GetKeyword(target.parameters, "host") : address;
      const std::string mode = GetKeyword(target.parameters, "sslmode");
      if (IsLocalHost(host) || mode == "verify-full" || mode == "verify-ca")
      {
        return;
      }
      const std::string advice = " Use \"ConnectionUri\" with sslmode=verify-full and sslrootcert.";
      if (mode == "require")
      {
        target.warnings.push_back(
            "The connection to PostgreSQL on " + host +
            " is encrypted, but the identity of the server is not verified: who can redirect "
            "the traffic can read and change everything." +
            advice);
      }
      else
      {
        target.warnings.push_back(
            "THE CONNECTION TO POSTGRESQL ON " + host +
            " IS NOT (OR NOT ALWAYS) ENCRYPTED: patient data and the password can be read on "
            "the network." +
            advice);
      }
    }

    bool ReadTransactionMode(ConfigurationSection& section)
    {
      const std::string mode = section.GetString("TransactionMode", "ReadCommitted");
      if (mode != "ReadCommitted" && mode != "Serializable")
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "Configuration: \"PostgreSQL.TransactionMode\" must be \"ReadCommitted\" or "
                            "\"Serializable\"");
      }
      return mode == "Serializable";
    }

    std::string ToLowerCase(std::string text)
    {
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c)
                     {
                       return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                     });
      return text;
    }

    void ReadPool(PostgreSQLConfiguration& target, ConfigurationSection& section)
    {
      PostgreSQLParameters& parameters = target.parameters;
      target.maximumRetries =
          static_cast<uint32_t>(section.GetInteger("MaximumConnectionRetries", 10, 0, 1000000));
      parameters.connectionRetries = target.maximumRetries;
      parameters.connectionRetrySeconds =
          static_cast<unsigned int>(section.GetInteger("ConnectionRetryInterval", 5, 0, 3600));
      parameters.maximumConnections =
          static_cast<unsigned int>(section.GetInteger("IndexConnectionsCount", 50, 1, 10000));
      parameters.serializable = ReadTransactionMode(section);
      parameters.schema = ToLowerCase(section.GetString("Schema", "public"));
      AddKeyword(parameters, "application_name", section.GetString("ApplicationName", ""));
    }
  }

  PostgreSQLConfiguration PostgreSQLConfiguration::Read(const Json::Value& configuration)
  {
    PostgreSQLConfiguration result;
    ConfigurationSection section(SECTION, configuration.get(SECTION, Json::Value()));
    result.isIndexEnabled = section.GetBoolean("EnableIndex", false);
    result.isStorageEnabled = section.GetBoolean("EnableStorage", false);
    if (!result.isIndexEnabled && !result.isStorageEnabled)
    {
      return result;
    }
    result.isLocked = section.GetBoolean("Lock", true);
    result.housekeepingSeconds =
        static_cast<unsigned int>(section.GetInteger("HousekeepingInterval", 1, 1, 86400));
    result.parameters = ReadConnection(section);
    ReadPool(result, section);
    for (const char* const withoutEffect :
         {"UseDynamicConnectionPool", "AllowInconsistentChildCounts", "EnableVerboseLogs"})
    {
      section.GetBoolean(withoutEffect, false);
    }
    CheckSchemaName(result.parameters.schema);
    CheckTls(result);
    for (const std::string& option : section.GetUnknownOptions())
    {
      result.warnings.push_back("Configuration: unknown option \"PostgreSQL." + option + "\" is ignored");
    }
    return result;
  }
}
