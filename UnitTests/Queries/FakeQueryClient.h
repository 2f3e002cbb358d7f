// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Queries/IQueryClient.h"

#include <map>
#include <optional>
#include <utility>

namespace OrthancRegistry::Testing
{
  // The core of a replica with its modalities, which answer what the test has told
  class FakeQueryClient : public IQueryClient
  {
  public:
    ModalityFacts GetModality(const std::string& name) override
    {
      return modalities.at(name);
    }

    CoreQuery Run(const std::string& modality, const Json::Value& body) override
    {
      calls.emplace_back(modality, body);
      if (failure)
      {
        throw RegistryError(*failure, "The core refuses it");
      }
      CoreQuery query{GenerateUuid(), Json::objectValue, answers};
      for (const std::string& tag :
           body["Query"].isObject() ? body["Query"].getMemberNames() : Json::Value::Members())
      {
        query.query[tag]["Name"] = "Name of " + tag;
        query.query[tag]["Type"] = "String";
        query.query[tag]["Value"] = body["Query"][tag];
      }
      return query;
    }

    std::map<std::string, ModalityFacts> modalities;
    std::vector<Json::Value> answers;
    std::vector<std::pair<std::string, Json::Value>> calls;
    std::optional<ErrorCode> failure;
  };
}
