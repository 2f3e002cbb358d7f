// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <set>

namespace OrthancRegistry
{
  // What a transaction knows about the resources that it writes to. Used by its thread only.
  class HeldResources
  {
  public:
    // Nobody else can delete it before the transaction ends.
    bool IsHeld(int64_t id) const
    {
      return held_.contains(id);
    }

    void Hold(int64_t id)
    {
      held_.insert(id);
    }

    // Made by this transaction, which is the only one that knows it, and has not given it any content yet.
    void HoldNew(int64_t id)
    {
      held_.insert(id);
      new_.insert(id);
    }

    bool IsEmpty(int64_t id) const
    {
      return new_.contains(id);
    }

    void SetFilled(int64_t id)
    {
      new_.erase(id);
    }

    // Something was deleted by the transaction itself.
    void Forget()
    {
      held_.clear();
      new_.clear();
    }

  private:
    std::set<int64_t> held_;
    std::set<int64_t> new_;
  };
}
