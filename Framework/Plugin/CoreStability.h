// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Stability/ICoreStability.h"

namespace OrthancRegistry
{
  // The stable status through the SDK
  class CoreStability : public ICoreStability
  {
  public:
    bool IsSupported() const override;
    bool SetStable(const std::string& publicId, bool isStable) override;
  };
}
