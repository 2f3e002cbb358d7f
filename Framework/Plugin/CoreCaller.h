// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Replicas/ICoreCaller.h"

namespace OrthancRegistry
{
  // Stateless
  class CoreCaller : public ICoreCaller
  {
  public:
    CoreReply Call(const CoreRequest& request) override;
  };
}
