// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace OrthancRegistry
{
  // What the calling thread is about to make the core do. Scopes are not nested.
  //
  // While it lives, the core is told that the resource has become stable, and nothing comes of it: another
  // replica has logged the change.
  class SilentScope
  {
  public:
    SilentScope();
    ~SilentScope();

    SilentScope(const SilentScope&) = delete;
    SilentScope& operator=(const SilentScope&) = delete;
  };

  // While it lives, the core logs the change of that resource if it is due, and does nothing otherwise.
  class DecisionScope
  {
  public:
    explicit DecisionScope(int64_t id);
    ~DecisionScope();

    DecisionScope(const DecisionScope&) = delete;
    DecisionScope& operator=(const DecisionScope&) = delete;

    bool HasLogged() const;
  };
}
