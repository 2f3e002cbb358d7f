// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLMessageBus.h"

#include "Framework/Common/Logging.h"
#include "PostgreSQL/PostgreSQLConnection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::milliseconds FIRST_PAUSE(100);

    // After that time without messages it is made sure that the server is there, and still the right one.
    constexpr std::chrono::seconds CHECK_PAUSE(10);

    constexpr std::chrono::seconds POLL_PAUSE(1);
    constexpr size_t MAXIMUM_CHANNEL_LENGTH = 63;

    // Names of channels are limited like all names, and NOTIFY does not cut them by itself.
    std::string GetChannel(const std::string& schema)
    {
      std::string channel = "registry_" + schema;
      if (channel.size() <= MAXIMUM_CHANNEL_LENGTH)
      {
        return channel;
      }
      uint64_t hash = 14695981039346656037u; // FNV-1a: the same in all replicas, unlike std::hash
      for (const char c : channel)
      {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
      }
      char suffix[18];
      std::snprintf(suffix, sizeof(suffix), "_%016llx", static_cast<unsigned long long>(hash));
      return channel.substr(0, MAXIMUM_CHANNEL_LENGTH - 17) + suffix;
    }

    class WakeUp
    {
    public:
      WakeUp() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
      {
        if (descriptor_ < 0)
        {
          throw RegistryError(ErrorCode::InternalError, "Cannot create a descriptor for wake-ups");
        }
      }

      ~WakeUp()
      {
        close(descriptor_);
      }

      WakeUp(const WakeUp&) = delete;
      WakeUp& operator=(const WakeUp&) = delete;

      void Signal() const
      {
        eventfd_write(descriptor_, 1);
      }

      void Clear() const
      {
        eventfd_t value = 0;
        eventfd_read(descriptor_, &value);
      }

      void WaitFor(std::chrono::milliseconds time) const
      {
        pollfd descriptor = {descriptor_, POLLIN, 0};
        poll(&descriptor, 1, static_cast<int>(time.count()));
      }

      int GetDescriptor() const
      {
        return descriptor_;
      }

    private:
      int descriptor_;
    };

    struct MemoryDeleter
    {
      void operator()(void* memory) const
      {
        PQfreemem(memory);
      }
    };
  }

  class PostgreSQLMessageBus::Implementation
  {
  public:
    explicit Implementation(const PostgreSQLParameters& parameters)
        : parameters_(parameters), channel_(GetChannel(parameters.schema))
    {
      CheckSchemaName(parameters.schema);
    }

    const std::string& GetChannelName() const
    {
      return channel_;
    }

    void SetHandler(Handler handler)
    {
      handler_ = std::move(handler);
    }

    void Poll()
    {
      isPolling_ = true;
    }

    void Start()
    {
      if (thread_)
      {
        throw UsageError("The message bus was started already");
      }
      wakeUp_.Clear();
      thread_.emplace(
          [this](const std::stop_token& stop)
          {
            isPolling_ ? RunWithoutMessages(stop) : Run(stop);
          });
    }

    void Stop()
    {
      if (thread_)
      {
        thread_->request_stop();
        wakeUp_.Signal();
        thread_.reset();
      }
    }

  private:
    void Run(const std::stop_token& stop)
    {
      const std::chrono::milliseconds longest = std::chrono::seconds(parameters_.connectionRetrySeconds);
      std::chrono::milliseconds pause = FIRST_PAUSE;
      while (!stop.stop_requested())
      {
        try
        {
          const PostgreSQLConnection connection(parameters_);
          connection.Execute("LISTEN \"" + channel_ + "\"", {}); // the name was checked
          pause = FIRST_PAUSE;
          Deliver({});
          Listen(stop, connection);
        }
        catch (const DatabaseError& error)
        {
          LogWarning(std::string("Messages between replicas are interrupted, connecting again: ") +
                     error.what());
          wakeUp_.WaitFor(std::min(pause, longest));
          pause = std::min(pause * 2, longest);
        }
      }
    }

    void RunWithoutMessages(const std::stop_token& stop) const
    {
      while (!stop.stop_requested())
      {
        Deliver({});
        wakeUp_.WaitFor(POLL_PAUSE);
      }
    }

    void Listen(const std::stop_token& stop, const PostgreSQLConnection& connection)
    {
      while (!stop.stop_requested())
      {
        for (;;)
        {
          const std::unique_ptr<PGnotify, MemoryDeleter> message(PQnotifies(connection.Get()));
          if (message == nullptr)
          {
            break;
          }
          Deliver(message->extra);
        }
        const auto start = std::chrono::steady_clock::now();
        if (connection.Wait(false, wakeUp_.GetDescriptor(), CHECK_PAUSE))
        {
          if (PQconsumeInput(connection.Get()) == 0)
          {
            throw ConnectionLostError("The connection to PostgreSQL broke: " + connection.GetErrorMessage());
          }
        }
        else if (std::chrono::steady_clock::now() - start >= CHECK_PAUSE)
        {
          CheckServer(connection);
        }
      }
    }

    // Behind an address that moves, the server may have become one that follows another one.
    static void CheckServer(const PostgreSQLConnection& connection)
    {
      const PostgreSQLResult result = connection.Execute("SELECT pg_is_in_recovery()", {});
      if (PQgetvalue(result.get(), 0, 0) == std::string_view("t"))
      {
        throw ConnectionLostError("The PostgreSQL server has become a standby that follows another one");
      }
    }

    void Deliver(std::string_view message) const
    {
      if (!handler_)
      {
        return;
      }
      try
      {
        handler_(message);
      }
      catch (const std::exception& error)
      {
        LogError(std::string("A handler of messages between replicas failed: ") + error.what());
      }
    }

    const PostgreSQLParameters parameters_;
    const std::string channel_;
    Handler handler_;
    bool isPolling_ = false;
    WakeUp wakeUp_;
    std::optional<std::jthread> thread_;
  };

  PostgreSQLMessageBus::PostgreSQLMessageBus(const PostgreSQLParameters& parameters)
      : implementation_(std::make_unique<Implementation>(parameters))
  {
  }

  PostgreSQLMessageBus::~PostgreSQLMessageBus()
  {
    Stop();
  }

  void PostgreSQLMessageBus::Publish(Transaction& transaction, std::string_view message)
  {
    if (message.size() > MAXIMUM_MESSAGE_SIZE)
    {
      throw UsageError("A message between replicas is too long");
    }
    transaction.Execute("SELECT pg_notify($1, $2)", implementation_->GetChannelName(), message);
  }

  void PostgreSQLMessageBus::SetHandler(Handler handler)
  {
    implementation_->SetHandler(std::move(handler));
  }

  void PostgreSQLMessageBus::Poll()
  {
    implementation_->Poll();
  }

  void PostgreSQLMessageBus::Start()
  {
    implementation_->Start();
  }

  void PostgreSQLMessageBus::Stop()
  {
    implementation_->Stop();
  }
}
