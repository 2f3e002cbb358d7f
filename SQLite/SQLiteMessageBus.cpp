// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteMessageBus.h"

#include "Framework/Common/Logging.h"
#include "SQLite/CommitSignal.h"
#include "SQLite/SQLiteConnection.h"
#include "SQLite/SQLiteStatement.h"
#include "SQLite/WritingSession.h"

#include <mutex>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds POLL_INTERVAL(10);
    constexpr std::chrono::milliseconds RECONNECTION_INTERVAL(1000);
    constexpr int64_t PUBLICATIONS_BETWEEN_CLEANINGS = 64;

    // Reads the file on a connection of its own
    class Watcher
    {
    public:
      explicit Watcher(const SQLiteParameters& parameters)
          : connection_(parameters.path, SQLite::ConnectionKind::Reader,
                        std::chrono::seconds(parameters.busyTimeoutSeconds)),
            readVersion_(connection_, "PRAGMA data_version"),
            readMessages_(connection_, "SELECT id, message FROM SharedMessages WHERE id > $1 ORDER BY id")
      {
        version_ = ReadVersion();
        SQLite::Statement statement(connection_,
                                    "SELECT seq FROM sqlite_sequence WHERE name = 'SharedMessages'");
        last_ = statement.Step() ? SQLite::Row(statement).GetInteger(0) : 0;
      }

      // Delivers what has been committed since the last call; the empty message if something was missed.
      void Poll(const IMessageBus::Handler& handler, const std::stop_token& stop)
      {
        const int64_t version = ReadVersion();
        if (version == version_)
        {
          return;
        }
        version_ = version;
        for (const auto& [id, message] : ReadMessages())
        {
          if (stop.stop_requested())
          {
            return;
          }
          if (id != last_ + 1)
          {
            handler("");
          }
          last_ = id;
          handler(message);
        }
      }

    private:
      // The number changes with each commit of another connection
      int64_t ReadVersion()
      {
        readVersion_.Step();
        const int64_t version = SQLite::Row(readVersion_).GetInteger(0);
        readVersion_.Reset();
        return version;
      }

      // All at once, so that a slow handler does not hold the snapshot
      std::vector<std::pair<int64_t, std::string>> ReadMessages()
      {
        const Parameter last = Bind(last_);
        readMessages_.Bind({&last, 1});
        std::vector<std::pair<int64_t, std::string>> messages;
        const SQLite::Row row(readMessages_);
        while (readMessages_.Step())
        {
          messages.emplace_back(row.GetInteger(0), row.GetText(1));
        }
        readMessages_.Reset();
        return messages;
      }

      SQLite::Connection connection_;
      SQLite::Statement readVersion_;
      SQLite::Statement readMessages_;
      int64_t version_ = 0;
      int64_t last_ = 0; // number of the last message that was delivered, or sent before the start
    };
  }

  class SQLiteMessageBus::Implementation
  {
  public:
    explicit Implementation(SQLiteDatabase& database) : database_(database)
    {
    }

    void SetHandler(Handler handler)
    {
      handler_ = std::move(handler);
    }

    void Start()
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (thread_.joinable())
      {
        throw UsageError("SQLite: the message bus has been started already");
      }
      // Opened here, so that what is published from now on is delivered, and errors are the caller's
      auto watcher = std::make_unique<Watcher>(database_.GetParameters());
      thread_ = std::jthread(
          [this, first = std::move(watcher)](const std::stop_token& stop) mutable
          {
            Run(std::move(first), stop);
          });
    }

    void Stop()
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (thread_.joinable())
      {
        thread_.request_stop();
        thread_.join();
      }
    }

  private:
    void Run(std::unique_ptr<Watcher> watcher, const std::stop_token& stop)
    {
      while (!stop.stop_requested())
      {
        try
        {
          if (watcher == nullptr)
          {
            watcher = std::make_unique<Watcher>(database_.GetParameters());
          }
          handler_("");
          Watch(*watcher, stop);
        }
        catch (const std::exception& error)
        {
          LogError("SQLite: the message bus is interrupted: " + std::string(error.what()));
          watcher.reset();
          Pause(stop);
        }
      }
    }

    void Watch(Watcher& watcher, const std::stop_token& stop)
    {
      uint64_t seen = 0;
      while (!stop.stop_requested())
      {
        watcher.Poll(handler_, stop);
        seen = database_.GetCommitSignal().Wait(seen, stop, POLL_INTERVAL);
      }
    }

    static void Pause(const std::stop_token& stop)
    {
      std::mutex mutex;
      std::condition_variable_any never;
      std::unique_lock<std::mutex> lock(mutex);
      never.wait_for(lock, stop, RECONNECTION_INTERVAL,
                     []
                     {
                       return false;
                     });
    }

    SQLiteDatabase& database_;
    Handler handler_ = [](std::string_view) {};
    std::mutex mutex_; // guards the thread
    std::jthread thread_;
  };

  SQLiteMessageBus::SQLiteMessageBus(SQLiteDatabase& database)
      : implementation_(std::make_unique<Implementation>(database))
  {
  }

  SQLiteMessageBus::~SQLiteMessageBus()
  {
    Stop();
  }

  void SQLiteMessageBus::Publish(Transaction& transaction, std::string_view message)
  {
    if (message.size() > MAXIMUM_MESSAGE_SIZE)
    {
      throw UsageError("A message is longer than " + std::to_string(MAXIMUM_MESSAGE_SIZE) + " bytes");
    }
    auto* const session = dynamic_cast<SQLite::WritingSession*>(&transaction.GetSession());
    if (session == nullptr)
    {
      throw UsageError("SQLite: this transaction is on another database");
    }
    const auto id = transaction.QueryValue<int64_t>(
        "INSERT INTO SharedMessages(message, sent) VALUES($1, SharedNow()) RETURNING id", message);
    if (id % PUBLICATIONS_BETWEEN_CLEANINGS == 0)
    {
      // Up to the first message of the last minute: costs as much as there is to delete
      transaction.Execute("DELETE FROM SharedMessages WHERE id < (SELECT id FROM SharedMessages "
                          "WHERE sent >= SharedNow() - 60000000 ORDER BY id LIMIT 1)");
    }
    session->AnnounceCommit();
  }

  void SQLiteMessageBus::SetHandler(Handler handler)
  {
    implementation_->SetHandler(std::move(handler));
  }

  void SQLiteMessageBus::Start()
  {
    implementation_->Start();
  }

  void SQLiteMessageBus::Stop()
  {
    implementation_->Stop();
  }
}
