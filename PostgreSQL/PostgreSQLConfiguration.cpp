// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConfiguration.h"

#include "Framework/Common/Configuration.h"
#include "PostgreSQL/PasswordConfiguration.h"
#include "PostgreSQL/PreferredHost.h"
#include "PostgreSQL/TlsConfiguration.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* SECTION = "PostgreSQL";

    PostgreSQLParameters ReadServer(ConfigurationSection& section, const std::string& uri)
    {
      const std::string host = section.GetString("Host", "localhost");
      const int64_t port = section.GetInteger("Port", 5432, 1, 65535);
      const std::string database = section.GetString("Database", "");
      const std::string user = section.GetString("Username", "");
      if (!uri.empty())
      {
        return PostgreSQLParameters::FromUri(uri);
      }
      PostgreSQLParameters parameters;
      parameters.Add("host", host);
      parameters.Add("port", std::to_string(port));
      parameters.Add("dbname", database);
      parameters.Add("user", user);
      return parameters;
    }

    void ReadPassword(PostgreSQLParameters& parameters, std::vector<std::string>& warnings,
                      ConfigurationSection& section, const char* uriOption)
    {
      const auto read = PasswordConfiguration::Read(section);
      const bool isUri = uriOption != nullptr;
      if (isUri && parameters.Find("password") != nullptr)
      {
        if (!read.isFromOption)
        {
          warnings.push_back(std::string("Configuration: \"PostgreSQL.PasswordFile\" or "
                                         "\"PostgreSQL.PasswordVariable\" is ignored, because \"") +
                             uriOption + "\" contains a password");
        }
      }
      else if (!isUri || !read.isFromOption)
      {
        parameters.Add("password", read.password);
      }
    }

    bool IsList(const PostgreSQLParameters& parameters, const char* keyword)
    {
      const std::string* const value = parameters.Find(keyword);
      return value != nullptr && value->find(',') != std::string::npos;
    }

    // Of several servers, one that only follows another one is of no use to somebody who writes.
    void PreferWritableServer(PostgreSQLParameters& parameters)
    {
      if (!IsList(parameters, "host") && !IsList(parameters, "hostaddr"))
      {
        return;
      }
      if (parameters.Find("target_session_attrs") == nullptr)
      {
        parameters.Add("target_session_attrs", "read-write");
      }
      const std::string& wanted = *parameters.Find("target_session_attrs");
      if ((wanted == "read-write" || wanted == "primary") && parameters.Find("load_balance_hosts") == nullptr)
      {
        parameters.preferredHost = std::make_shared<PreferredHost>();
      }
    }

    // "uriOption": the name of the option that the URI comes from, null if there is none
    void CompleteConnection(PostgreSQLParameters& parameters, std::vector<std::string>& warnings,
                            ConfigurationSection& section, const char* uriOption)
    {
      ReadPassword(parameters, warnings, section, uriOption);
      ReadTls(parameters, warnings, section, uriOption != nullptr);
      const std::string applicationName = section.GetString("ApplicationName", "");
      if (parameters.Find("application_name") == nullptr)
      {
        parameters.Add("application_name", applicationName);
      }
      if (!parameters.isReader)
      {
        PreferWritableServer(parameters);
      }
    }

    void ReadConnection(PostgreSQLConfiguration& target, ConfigurationSection& section, bool isReadOnly)
    {
      const std::string uri = section.GetString("ConnectionUri", "");
      target.parameters = ReadServer(section, uri);
      target.parameters.isReader = isReadOnly;
      CompleteConnection(target.parameters, target.warnings, section,
                         uri.empty() ? nullptr : "ConnectionUri");
    }

    // After all other options of the connection, which it shares. Only the URI differs.
    void ReadLasting(PostgreSQLConfiguration& target, ConfigurationSection& section)
    {
      const std::string uri = section.GetString("DirectUri", "");
      target.lasting = target.parameters;
      target.hasDirectUri = !uri.empty();
      if (target.hasDirectUri)
      {
        target.lasting.keywords = PostgreSQLParameters::FromUri(uri).keywords;
        target.lasting.preferredHost.reset();
        CompleteConnection(target.lasting, target.warnings, section, "DirectUri");
      }
    }

    bool ReadTransactionMode(ConfigurationSection& section)
    {
      const std::string mode = section.GetString("TransactionMode", "ReadCommitted");
      if (mode != "ReadCommitted" && mode != "Serializable")
      {
        throw section.MakeError("TransactionMode", "ReadCommitted or Serializable");
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
      parameters.logsStatements = section.GetBoolean("EnableVerboseLogs", false);
      parameters.schema = ToLowerCase(section.GetString("Schema", "public"));
      if (!IsSchemaName(parameters.schema))
      {
        throw section.MakeError("Schema",
                                "a name of at most 63 letters, digits and underscores that does not "
                                "start with a digit");
      }
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
    const bool isReadOnly = ConfigurationSection("Orthanc", configuration).GetBoolean("ReadOnly", false);
    result.isLocked = section.GetBoolean("Lock", true);
    if (result.isLocked && isReadOnly && result.isIndexEnabled)
    {
      throw RegistryError(ErrorCode::IncompatibleConfigurations,
                          "Configuration: \"PostgreSQL.Lock\" must be false where \"ReadOnly\" is true: who "
                          "only reads cannot keep others from using the database");
    }
    result.housekeepingSeconds =
        static_cast<unsigned int>(section.GetInteger("HousekeepingInterval", 1, 1, 86400));
    ReadConnection(result, section, isReadOnly);
    ReadPool(result, section);
    ReadLasting(result, section);
    for (const char* const withoutEffect : {"UseDynamicConnectionPool", "AllowInconsistentChildCounts"})
    {
      section.GetBoolean(withoutEffect, false);
    }
    const auto unknown = section.GetWarnings();
    result.warnings.insert(result.warnings.end(), unknown.begin(), unknown.end());
    return result;
  }
}
