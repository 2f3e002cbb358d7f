// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/CancellableStatement.h"

#include "Framework/Database/DatabaseErrors.h"
#include "PostgreSQL/PostgreSQLConnection.h"
#include "PostgreSQL/PostgreSQLErrors.h"

#include <array>

namespace OrthancRegistry
{
  namespace
  {
    using Clock = std::chrono::steady_clock;

    constexpr std::chrono::milliseconds BETWEEN_LOOKS{50};
    constexpr std::chrono::seconds BETWEEN_CHECKS{10}; // whether a server that is silent is still there

    struct CancelDeleter
    {
      void operator()(PGcancel* cancel) const
      {
        PQfreeCancel(cancel);
      }
    };

    void CheckAnswers(const PostgreSQLConnection& connection)
    {
      if (!connection.DoesServerAnswer())
      {
        throw ConnectionLostError("The PostgreSQL server does not answer any more");
      }
    }

    // Waits for the server to have taken note, which one that hangs does not.
    void Cancel(const PostgreSQLConnection& connection)
    {
      CheckAnswers(connection);
      const std::unique_ptr<PGcancel, CancelDeleter> cancel(PQgetCancel(connection.Get()));
      std::array<char, 256> error = {};
      PQcancel(cancel.get(), error.data(), static_cast<int>(error.size()));
    }
  }

  void ExecuteUntilStop(const PostgreSQLConnection& connection, const std::string& sql,
                        const std::stop_token& stop)
  {
    bool isSound =
        PQsendQueryParams(connection.Get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
    auto checked = Clock::now();
    while (isSound && PQisBusy(connection.Get()) != 0)
    {
      if (Clock::now() - checked >= BETWEEN_CHECKS)
      {
        CheckAnswers(connection);
        checked = Clock::now();
      }
      if (stop.stop_requested())
      {
        Cancel(connection); // again and again: before the server has begun, it has no effect
      }
      if (connection.Wait(PQflush(connection.Get()) == 1, -1, BETWEEN_LOOKS))
      {
        isSound = PQconsumeInput(connection.Get()) == 1;
      }
    }
    PostgreSQLResult result(isSound ? PQgetResult(connection.Get()) : nullptr);
    if (result == nullptr || !connection.IsAlive())
    {
      throw ConnectionLostError("The connection to PostgreSQL broke: " + connection.GetErrorMessage());
    }
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    {
      ThrowResultError(result.get());
    }
    while (result != nullptr)
    {
      result.reset(PQgetResult(connection.Get()));
    }
  }
}
