// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLConnection.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/ConnectionAdvice.h"
#include "PostgreSQL/PostgreSQLErrors.h"
#include "PostgreSQL/PostgreSQLSettings.h"
#include "PostgreSQL/PreferredHost.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds FIRST_PAUSE(100);
    constexpr std::chrono::seconds SHORTEST_PATIENCE(10); // for retries without pauses

    // To find out whether a server that is silent is still there
    constexpr int PINGS = 2;
    constexpr std::chrono::seconds SHORTEST_PING(2); // of libpq

    // A peer that vanished without a word is found out within a quarter of a minute.
    const std::array<std::pair<const char*, const char*>, 6> DEFAULT_KEYWORDS = {{
        {"connect_timeout", "5"}, // of each host
        {"keepalives_idle", "5"},
        {"keepalives_interval", "3"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "15000"},
        {"fallback_application_name", "Orthanc registry"},
    }};

    void IgnoreNotice(void*, const PGresult*)
    {
    }

    // As libpq wants them: two lists with a null pointer at the end
    class KeywordArrays
    {
    public:
      explicit KeywordArrays(const std::vector<std::pair<std::string, std::string>>& pairs)
      {
        for (const auto& [keyword, value] : pairs)
        {
          keywords_.push_back(keyword.c_str());
          values_.push_back(value.c_str());
        }
        keywords_.push_back(nullptr);
        values_.push_back(nullptr);
      }

      const char* const* GetKeywords() const
      {
        return keywords_.data();
      }

      const char* const* GetValues() const
      {
        return values_.data();
      }

    private:
      std::vector<const char*> keywords_;
      std::vector<const char*> values_;
    };

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
      : keywords_(DEFAULT_KEYWORDS.begin(), DEFAULT_KEYWORDS.end()), secrets_(GetSecrets(parameters)),
        answerCheck_(parameters.answerCheckSeconds)
  {
    CheckSchemaName(parameters.schema);
    Connect(parameters);
    Examine(parameters);
    if (parameters.preferredHost)
    {
      parameters.preferredHost->Remember(parameters.keywords, Get());
    }
    if (!isPooled_)
    {
      ApplySettings(parameters.schema);
    }
  }

  void PostgreSQLConnection::Connect(const PostgreSQLParameters& parameters)
  {
    // Of a keyword given twice, libpq takes the last one.
    const auto own = parameters.preferredHost ? parameters.preferredHost->Arrange(parameters.keywords)
                                              : parameters.keywords;
    keywords_.insert(keywords_.end(), own.begin(), own.end());
    keywords_.emplace_back("client_encoding", "UTF8");
    const KeywordArrays arrays(keywords_);
    connection_.reset(PQconnectdbParams(arrays.GetKeywords(), arrays.GetValues(), 0));
    if (connection_ == nullptr || !IsAlive())
    {
      const std::string message = GetErrorMessage();
      throw ConnectionLostError("Cannot connect to PostgreSQL: " + message + GetConnectionAdvice(message));
    }
    PQsetNoticeReceiver(Get(), IgnoreNotice, nullptr);
    const char* const address = PQhostaddr(Get());
    keywords_.emplace_back("host", PQhost(Get()));
    keywords_.emplace_back("hostaddr", address == nullptr ? "" : address);
    keywords_.emplace_back("port", PQport(Get()));
  }

  PostgreSQLResult PostgreSQLConnection::AskState() const
  {
    constexpr const char* QUESTION = "SELECT pg_backend_pid(), pg_is_in_recovery(), ";
    try
    {
      // A standby that takes over begins a timeline. A server that has crashed begins its statistics.
      return Execute(std::string(QUESTION) +
                         "CASE WHEN pg_is_in_recovery() THEN '' ELSE"
                         " substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"
                         " || ' ' || (SELECT coalesce(stats_reset, '-infinity') FROM pg_stat_bgwriter),"
                         " (SELECT CAST(EXTRACT(EPOCH FROM backend_start) AS TEXT)"
                         " FROM pg_stat_get_activity(pg_backend_pid()))",
                     {});
    }
    catch (const StatementError&) // some relatives of PostgreSQL have no write-ahead log to ask about
    {
      return Execute(std::string(QUESTION) + "'', ''", {});
    }
  }

  void PostgreSQLConnection::Examine(const PostgreSQLParameters& parameters)
  {
    const PostgreSQLResult state = AskState();
    if (PQgetvalue(state.get(), 0, 1) == std::string_view("t") && !parameters.isReader)
    {
      throw ConnectionLostError(std::string("The PostgreSQL server ") + PQhost(Get()) +
                                " is a standby that follows another one: nothing can be written there. Give "
                                "all servers in \"PostgreSQL.ConnectionUri\", or promote it");
    }
    incarnation_ = PQgetvalue(state.get(), 0, 2);
    processStart_ = PQgetvalue(state.get(), 0, 3);

    // What a pooler tells for the cancellation of statements is made up by it
    isPooled_ = std::to_string(PQbackendPID(Get())) != PQgetvalue(state.get(), 0, 0);
  }

  void PostgreSQLConnection::ApplySettings(const std::string& schema, bool isLocal) const
  {
    Execute(PostgreSQLSettings::STATEMENT, {schema, isLocal ? "true" : "false"});
  }

  std::unique_ptr<PostgreSQLConnection>
  PostgreSQLConnection::ConnectWithRetries(const PostgreSQLParameters& parameters)
  {
    const std::chrono::milliseconds longest = std::chrono::seconds(parameters.connectionRetrySeconds);
    std::chrono::milliseconds pause = FIRST_PAUSE;

    // An attempt may take long itself, with hosts that do not answer.
    const auto deadline =
        std::chrono::steady_clock::now() +
        std::max<std::chrono::milliseconds>(SHORTEST_PATIENCE, longest * parameters.connectionRetries);
    for (unsigned int attempt = 0;; attempt++)
    {
      try
      {
        return std::make_unique<PostgreSQLConnection>(parameters);
      }
      catch (const ConnectionLostError& error)
      {
        if (attempt >= parameters.connectionRetries || std::chrono::steady_clock::now() >= deadline)
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

  bool PostgreSQLConnection::Wait(bool write, int otherDescriptor, std::chrono::milliseconds longest) const
  {
    std::array<pollfd, 2> descriptors = {{
        {PQsocket(Get()), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0},
        {otherDescriptor, POLLIN, 0},
    }};
    // An interruption by a signal is as good as a wake-up: all callers look again.
    poll(descriptors.data(), descriptors.size(), static_cast<int>(longest.count()));
    return (descriptors[0].revents & ~POLLOUT) != 0;
  }

  bool PostgreSQLConnection::WaitForAnswer(bool write) const
  {
    std::array<pollfd, 1> descriptors = {
        {{PQsocket(Get()), static_cast<short>(write ? POLLIN | POLLOUT : POLLIN), 0}}};
    while (poll(descriptors.data(), 1, static_cast<int>(std::chrono::milliseconds(answerCheck_).count())) ==
           0)
    {
      if (!DoesServerAnswer() && poll(descriptors.data(), 1, 0) == 0)
      {
        isSilent_ = true;
        throw ConnectionLostError(std::string("The PostgreSQL server ") + PQhost(Get()) +
                                  " does not answer any more");
      }
    }
    return (descriptors[0].revents & ~POLLOUT) != 0;
  }

  // A statement may take its time, so silence means nothing by itself. Needs no password.
  bool PostgreSQLConnection::DoesServerAnswer() const
  {
    auto keywords = keywords_;
    keywords.emplace_back("connect_timeout",
                          std::to_string(std::max(SHORTEST_PING, answerCheck_ / PINGS).count()));
    keywords.emplace_back("target_session_attrs", "any");
    const KeywordArrays arrays(keywords);
    for (int ping = 0; ping < PINGS; ping++)
    {
      if (PQpingParams(arrays.GetKeywords(), arrays.GetValues(), 0) != PQPING_NO_RESPONSE)
      {
        return true;
      }
    }
    return false;
  }

  PostgreSQLResult PostgreSQLConnection::ReceiveResult() const
  {
    PostgreSQLResult result;
    for (;;)
    {
      while (PQisBusy(Get()) != 0)
      {
        if (WaitForAnswer(false) && PQconsumeInput(Get()) == 0)
        {
          return nullptr;
        }
      }
      PostgreSQLResult next(PQgetResult(Get()));
      if (next == nullptr)
      {
        return result;
      }
      result = std::move(next); // the last one, as PQexecParams()
    }
  }

  PostgreSQLResult PostgreSQLConnection::Execute(const std::string& sql,
                                                 const std::vector<std::string>& parameters) const
  {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters)
    {
      values.push_back(parameter.c_str());
    }
    PostgreSQLResult result;
    if (PQsendQueryParams(Get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                          nullptr, nullptr, 0) == 1)
    {
      result = ReceiveResult();
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    {
      if (!IsAlive() || result == nullptr)
      {
        throw ConnectionLostError("The connection to PostgreSQL broke: " + GetErrorMessage());
      }
      ThrowResultError(result.get());
    }
    return result;
  }
}
