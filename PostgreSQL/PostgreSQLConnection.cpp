// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConnection.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/ConnectionAdvice.h"
#include "PostgreSQL/PostgreSQLErrors.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds FIRST_PAUSE(100);

    // A peer that vanished without a word is found out within half a minute.
    const std::array<std::pair<const char*, const char*>, 6> DEFAULT_KEYWORDS = {{
        {"connect_timeout", "10"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "30000"},
        {"fallback_application_name", "Orthanc registry"},
    }};

    void IgnoreNotice(void*, const PGresult*)
    {
    }

    std::vector<std::string> GetSecrets(const PostgreSQLParameters& parameters)
    {
      std::vector<std::string> secrets;
      for (const auto& [keyword, value] : parameters.keywords)
      {
        if ((keyword == "password" || keyword == "sslpassword") && !value.empty())
        {
          secrets.push_back(value);
        }
      }
      return secrets;
    }
  }

  PostgreSQLConnection::PostgreSQLConnection(const PostgreSQLParameters& parameters)
      : secrets_(GetSecrets(parameters))
  {
    // Of a keyword given twice, libpq takes the last one.
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : DEFAULT_KEYWORDS)
    {
      keywords.push_back(keyword);
      values.push_back(value);
    }
    for (const auto& [keyword, value] : parameters.keywords)
    {
      keywords.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    keywords.insert(keywords.end(), {"client_encoding", nullptr});
    values.insert(values.end(), {"UTF8", nullptr});

    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
    if (connection_ == nullptr || !IsAlive())
    {
      const std::string message = GetErrorMessage();
      throw ConnectionLostError("Cannot connect to PostgreSQL: " + message + GetConnectionAdvice(message));
    }
    PQsetNoticeReceiver(Get(), IgnoreNotice, nullptr);
    SetUp(parameters);
  }

  void PostgreSQLConnection::SetUp(const PostgreSQLParameters& parameters) const
  {
    CheckSchemaName(parameters.schema);
    Execute("SELECT set_config('search_path', quote_ident($1), false),"
            " set_config('lock_timeout', '30s', false),"
            " set_config('statement_timeout', '10min', false),"
            " set_config('idle_in_transaction_session_timeout', '5min', false)",
            {parameters.schema});
  }

  std::unique_ptr<PostgreSQLConnection>
  PostgreSQLConnection::ConnectWithRetries(const PostgreSQLParameters& parameters)
  {
    const std::chrono::milliseconds longest = std::chrono::seconds(parameters.connectionRetrySeconds);
    std::chrono::milliseconds pause = FIRST_PAUSE;
    for (unsigned int attempt = 0;; attempt++)
    {
      try
      {
        return std::make_unique<PostgreSQLConnection>(parameters);
      }
      catch (const ConnectionLostError& error)
      {
        if (attempt >= parameters.connectionRetries)
        {
          throw;
        }
        LogWarning(std::string(error.what()) + " (will be tried again)");
      }
      std::this_thread::sleep_for(std::min(pause, longest));
      pause = std::min(pause * 2, longest);
    }
  }

  std::string PostgreSQLConnection::GetErrorMessage() const
  {
    std::string message = connection_ == nullptr ? "out of memory" : PQerrorMessage(Get());
    while (!message.empty() && message.back() == '\n')
    {
      message.pop_back();
    }
    std::replace(message.begin(), message.end(), '\n', ' ');
    for (const std::string& secret : secrets_)
    {
      for (size_t found = message.find(secret); found != std::string::npos;
           found = message.find(secret, found + 3))
      {
        message.replace(found, secret.size(), "***");
      }
    }
    return message;
  }

  bool PostgreSQLConnection::Wait(bool write, int otherDescriptor) const
  {
    std::array<pollfd, 2> descriptors = {{
        {PQsocket(Get()), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0},
        {otherDescriptor, POLLIN, 0},
    }};
    // An interruption by a signal is as good as a wake-up: all callers look again.
    poll(descriptors.data(), descriptors.size(), -1);
    return (descriptors[0].revents & ~POLLOUT) != 0;
  }

  PostgreSQLResult PostgreSQLConnection::Execute(const std::string& sql,
                                                 const std::vector<std::string>& parameters) const
  {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters)
    {
      values.push_back(parameter.c_str());
    }
    PostgreSQLResult result(PQexecParams(Get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                         values.data(), nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    {
      if (!IsAlive())
      {
        throw ConnectionLostError("The connection to PostgreSQL broke: " + GetErrorMessage());
      }
      ThrowResultError(result.get());
    }
    return result;
  }
}
