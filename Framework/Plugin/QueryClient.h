// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/CoreClient.h"
#include "Framework/Queries/IQueryClient.h"

#include <functional>

namespace OrthancRegistry
{
  // Queries through the REST API of the core of this process. Thread-safe if the call is.
  class QueryClient : public IQueryClient
  {
  public:
    // See CallCore()
    using Call = std::function<CoreAnswer(HttpMethod method, const std::string& uri, std::string_view body)>;

    explicit QueryClient(Call call);

    ModalityFacts GetModality(const std::string& name) override;
    CoreQuery Run(const std::string& modality, const Json::Value& body) override;

  private:
    class Handle;

    std::string Get(const std::string& uri) const;
    std::string Submit(const std::string& modality, const Json::Value& body) const;

    Call call_;
  };
}
