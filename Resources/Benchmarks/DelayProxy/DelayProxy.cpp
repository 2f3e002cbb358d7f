// SPDX-License-Identifier: GPL-3.0-or-later
//
// A TCP proxy that lets each direction arrive later by half of a round trip, in order and without limiting
// the throughput, and counts the round trips: data of the client after data of the server. A second port, the
// next one, answers "counters" and obeys "delay MICROSECONDS" (of one direction).
//
// delay-proxy PORT TARGET-HOST TARGET-PORT [MICROSECONDS]

#include "Resources/Benchmarks/DelayProxy/Connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  namespace
  {
    constexpr size_t READ_SIZE = 256 * 1024;
    constexpr size_t MAXIMUM_PENDING = 256 * 1024 * 1024; // of one direction: more is left in the socket

    struct Counters
    {
      uint64_t roundTrips = 0;
      uint64_t connections = 0;
      uint64_t bytes = 0;
    };

    int Check(int result, const char* what)
    {
      if (result < 0)
      {
        throw std::system_error(errno, std::generic_category(), what);
      }
      return result;
    }

    class Proxy
    {
    public:
      Proxy(uint16_t port, std::string host, std::string targetPort, std::chrono::microseconds delay)
          : host_(std::move(host)), targetPort_(std::move(targetPort)), delay_(delay),
            epoll_(Check(epoll_create1(0), "epoll_create1")), listener_(Listen(port)),
            control_(Listen(static_cast<uint16_t>(port + 1)))
      {
        Watch(listener_.Get(), EPOLLIN, EPOLL_CTL_ADD);
        Watch(control_.Get(), EPOLLIN, EPOLL_CTL_ADD);
      }

      [[noreturn]] void Run()
      {
        std::array<epoll_event, 64> events{};
        for (;;)
        {
          const timespec wait = GetTimeout();
          const int count = epoll_pwait2(epoll_.Get(), events.data(), events.size(),
                                         busy_.empty() ? nullptr : &wait, nullptr);
          for (int i = 0; i < count; i++)
          {
            Handle(events[static_cast<size_t>(i)]);
          }
          DeliverDue();
        }
      }

    private:
      static int Listen(uint16_t port)
      {
        const int fd = Check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        Check(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), "bind");
        Check(listen(fd, 128), "listen");
        return fd;
      }

      void Watch(int fd, uint32_t events, int operation) const
      {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        Check(epoll_ctl(epoll_.Get(), operation, fd, &event), "epoll_ctl");
      }

      void Handle(const epoll_event& event)
      {
        const int fd = event.data.fd;
        if (fd == listener_.Get())
        {
          Accept();
        }
        else if (fd == control_.Get())
        {
          Control();
        }
        else if (static_cast<size_t>(fd) < byFd_.size() && byFd_[static_cast<size_t>(fd)])
        {
          const std::shared_ptr<Connection> connection = byFd_[static_cast<size_t>(fd)];
          Direction& out = fd == connection->client.Get() ? connection->down : connection->up;
          Direction& in = fd == connection->client.Get() ? connection->up : connection->down;
          if ((event.events & EPOLLOUT) != 0)
          {
            out.isBlocked = false;
            WatchBoth(*connection);
          }
          if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
          {
            Read(*connection, in);
          }
          busy_.insert(connection);
        }
      }

      void Accept()
      {
        const int client = accept4(listener_.Get(), nullptr, nullptr, SOCK_NONBLOCK);
        if (client < 0)
        {
          return;
        }
        const int server = Connect();
        if (server < 0)
        {
          close(client);
          return;
        }
        const auto connection = std::make_shared<Connection>(client, server);
        byFd_.resize(std::max(byFd_.size(), static_cast<size_t>(std::max(client, server)) + 1));
        byFd_[static_cast<size_t>(client)] = byFd_[static_cast<size_t>(server)] = connection;
        Watch(client, EPOLLIN, EPOLL_CTL_ADD);
        Watch(server, EPOLLIN, EPOLL_CTL_ADD);
        counters_.connections++;
      }

      int Connect() const
      {
        addrinfo hints{};
        hints.ai_family = AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (getaddrinfo(host_.c_str(), targetPort_.c_str(), &hints, &found) != 0)
        {
          return -1;
        }
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        const bool isConnected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
        freeaddrinfo(found);
        if (!isConnected)
        {
          close(fd);
          return -1;
        }
        return fd;
      }

      void Read(Connection& connection, Direction& direction)
      {
        if (direction.isRead || direction.pending > MAXIMUM_PENDING)
        {
          return;
        }
        const ssize_t size = recv(direction.from, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN)
        {
          return;
        }
        const Clock::time_point due = Clock::now() + delay_;
        if (size <= 0)
        {
          direction.isRead = true;
          direction.chunks.push_back({due, {}});
          WatchBoth(connection);
          return;
        }
        const bool isUp = &direction == &connection.up;
        counters_.roundTrips += isUp && connection.isAnswered ? 1 : 0;
        connection.isAnswered = !isUp;
        counters_.bytes += static_cast<uint64_t>(size);
        direction.chunks.push_back({due, std::vector<char>(buffer_.data(), buffer_.data() + size)});
        direction.pending += static_cast<size_t>(size);
        WatchBoth(connection);
      }

      // What is of interest at the two sockets now
      void WatchBoth(Connection& connection)
      {
        WatchOne(connection.client.Get(), connection.up, connection.down);
        WatchOne(connection.server.Get(), connection.down, connection.up);
      }

      void WatchOne(int fd, const Direction& in, const Direction& out) const
      {
        const bool reads = !in.isRead && in.pending <= MAXIMUM_PENDING;
        Watch(fd, (reads ? EPOLLIN : 0u) | (out.isBlocked ? EPOLLOUT : 0u), EPOLL_CTL_MOD);
      }

      void DeliverDue()
      {
        for (auto iterator = busy_.begin(); iterator != busy_.end();)
        {
          const std::shared_ptr<Connection> connection = *iterator;
          Deliver(*connection, connection->up);
          Deliver(*connection, connection->down);
          const bool isOver =
              connection->isBroken || (connection->up.isWritten && connection->down.isWritten);
          for (const int fd : {connection->client.Get(), connection->server.Get()})
          {
            byFd_[static_cast<size_t>(fd)] = isOver ? nullptr : connection;
          }
          const bool waits = !connection->up.chunks.empty() || !connection->down.chunks.empty();
          iterator = isOver || !waits ? busy_.erase(iterator) : std::next(iterator);
        }
      }

      void Deliver(Connection& connection, Direction& direction)
      {
        while (!direction.chunks.empty() && !direction.isBlocked &&
               direction.chunks.front().due <= Clock::now())
        {
          Chunk& chunk = direction.chunks.front();
          if (chunk.data.empty())
          {
            shutdown(direction.to, SHUT_WR);
            direction.isWritten = true;
            direction.chunks.pop_front();
            continue;
          }
          const ssize_t size = send(direction.to, chunk.data.data() + chunk.sent,
                                    chunk.data.size() - chunk.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
          if (size < 0)
          {
            direction.isBlocked = errno == EAGAIN;
            connection.isBroken = errno != EAGAIN && errno != EINTR;
            break;
          }
          chunk.sent += static_cast<size_t>(size);
          direction.pending -= static_cast<size_t>(size);
          if (chunk.sent == chunk.data.size())
          {
            direction.chunks.pop_front();
          }
        }
        if (direction.isBlocked || direction.pending > MAXIMUM_PENDING / 2)
        {
          WatchBoth(connection);
        }
      }

      timespec GetTimeout() const
      {
        Clock::duration wait = std::chrono::milliseconds(100);
        const Clock::time_point now = Clock::now();
        for (const auto& connection : busy_)
        {
          for (const Direction* direction : {&connection->up, &connection->down})
          {
            if (!direction->chunks.empty() && !direction->isBlocked)
            {
              wait = std::min(wait, std::max(Clock::duration::zero(), direction->chunks.front().due - now));
            }
          }
        }
        return {0, std::chrono::nanoseconds(wait).count()};
      }

      void Control()
      {
        const Socket peer(accept4(control_.Get(), nullptr, nullptr, 0));
        std::array<char, 64> text{};
        const ssize_t size = recv(peer.Get(), text.data(), text.size(), 0);
        const std::string command(text.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
        if (command.starts_with("delay "))
        {
          delay_ = std::chrono::microseconds(std::strtoul(command.c_str() + 6, nullptr, 10));
        }
        const std::string answer = "{\"roundTrips\": " + std::to_string(counters_.roundTrips) +
                                   ", \"connections\": " + std::to_string(counters_.connections) +
                                   ", \"bytes\": " + std::to_string(counters_.bytes) + "}\n";
        send(peer.Get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }

      const std::string host_;
      const std::string targetPort_;
      std::chrono::microseconds delay_;
      const Socket epoll_;
      const Socket listener_;
      const Socket control_;
      Counters counters_;
      std::vector<char> buffer_ = std::vector<char>(READ_SIZE);
      std::vector<std::shared_ptr<Connection>> byFd_;
      std::set<std::shared_ptr<Connection>> busy_; // those with something to deliver
    };
  }
}

int main(int count, char** arguments)
{
  if (count < 4)
  {
    std::cerr << "Usage: delay-proxy PORT TARGET-HOST TARGET-PORT [MICROSECONDS]" << std::endl;
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM,
         [](int)
         {
           _exit(0);
         });
  prctl(PR_SET_TIMERSLACK, 1);
  try
  {
    const unsigned long delay = count > 4 ? std::strtoul(arguments[4], nullptr, 10) : 0;
    OrthancRegistry::Benchmarks::Proxy(static_cast<uint16_t>(std::strtoul(arguments[1], nullptr, 10)),
                                       arguments[2], arguments[3], std::chrono::microseconds(delay))
        .Run();
  }
  catch (const std::exception& error)
  {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
