// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

namespace OrthancRegistry::Benchmarks
{
  using Clock = std::chrono::steady_clock;

  class Socket
  {
  public:
    explicit Socket(int fd) : fd_(fd)
    {
    }

    ~Socket()
    {
      close(fd_);
    }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    int Get() const
    {
      return fd_;
    }

    void Enable(int level, int option) const
    {
      const int on = 1;
      setsockopt(fd_, level, option, &on, sizeof(on));
    }

  private:
    int fd_;
  };

  struct Chunk
  {
    Clock::time_point due;
    std::vector<char> data; // empty: the end of the stream
    size_t sent = 0;
  };

  // One direction of a connection
  struct Direction
  {
    int from = -1;
    int to = -1;
    std::deque<Chunk> chunks;
    size_t pending = 0;
    bool isRead = false;    // to its end
    bool isWritten = false; // to its end
    bool isBlocked = false; // the receiver takes no more for now
  };

  struct Connection
  {
    Connection(int clientFd, int serverFd) : client(clientFd), server(serverFd)
    {
      client.Enable(IPPROTO_TCP, TCP_NODELAY);
      server.Enable(IPPROTO_TCP, TCP_NODELAY);
      up.from = down.to = clientFd;
      up.to = down.from = serverFd;
    }

    Socket client;
    Socket server;
    Direction up;
    Direction down;
    bool isAnswered = true; // nothing of the client since the server's last data
    bool isBroken = false;
  };
}
