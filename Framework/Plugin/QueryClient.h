// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Queries/IQueryClient.h"

namespace OrthancRegistry
{
  // Queries through the REST API of the core of this process. Stateless, thread-safe.
  class QueryClient : public IQueryClient
  {
  public:
    ModalityFacts GetModality(const std::string& name) override;
    CoreQuery Run(const std::string& modality, const Json::Value& body) override;
  };
}
