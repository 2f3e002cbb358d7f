// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

// Queues of plugins. Exact under concurrency: a value is given to one consumer, and a consumer finds nothing
// only if nothing is there for him.
namespace OrthancRegistry::Queues
{
  struct ReservedValue
  {
    int64_t id = 0;
    std::string value; // bytes
  };

  void Enqueue(IndexTransaction& t, const std::string& queue, const std::string& value);
  std::optional<std::string> Dequeue(IndexTransaction& t, const std::string& queue, QueueOrigin origin);
  int64_t GetSize(IndexTransaction& t, const std::string& queue); // reserved values included

  // Hides a value for that many seconds (clock of the database).
  std::optional<ReservedValue> Reserve(IndexTransaction& t, const std::string& queue, QueueOrigin origin,
                                       uint32_t seconds);

  // Removes a reserved value; UnknownResource if the reservation has expired or never was.
  void Acknowledge(IndexTransaction& t, const std::string& queue, int64_t id);
}
