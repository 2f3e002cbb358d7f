// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // What the entry of a modality says about retrievals
  struct ModalityFacts
  {
    std::string localAet;                         // empty = that of Orthanc
    std::string retrieveMethod = "SystemDefault"; // or "C-MOVE", "C-GET"
  };

  // A handle that a core has made; it is gone there.
  struct CoreQuery
  {
    std::string id;
    Json::Value query;                // in the full format
    std::vector<Json::Value> answers; // in the full format
  };

  // Queries at the core of this replica. Thread-safe. Only to be called from threads with a stack of normal
  // size, and never from inside a transaction of the database.
  class IQueryClient
  {
  public:
    virtual ~IQueryClient() = default;

    // A refusal of the core is a RegistryError with the core's code.
    virtual ModalityFacts GetModality(const std::string& name) = 0;

    // Sends the C-FIND: body of POST /modalities/{modality}/query. A failure is a RegistryError with the
    // core's code; so is an answer that is too long (BadRequest).
    virtual CoreQuery Run(const std::string& modality, const Json::Value& body) = 0;
  };
}
