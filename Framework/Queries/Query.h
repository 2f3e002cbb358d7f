// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <json/value.h>

#include <cstdint>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // The handle of a query to a modality. What a core freezes in its handles is frozen here too, but for the
  // address of the modality.
  struct Query
  {
    std::string id; // a UUID
    std::string modality;
    ResourceLevel level = ResourceLevel::Study;
    Json::Value query = Json::objectValue; // in the full format
    bool isNormalized = true;
    std::string localAet;        // who asks
    std::string targetAet;       // of a retrieval that names none
    std::string retrieveMethod;  // "C-MOVE", "C-GET" or "SystemDefault": of the modality
    uint32_t timeoutSeconds = 0; // 0 = none
    uint64_t answersCount = 0;
  };

  // Which answers are wanted: of numbers from "first" on, "count" at most
  struct AnswerRange
  {
    uint64_t first = 0;
    uint64_t count = 0;

    static AnswerRange None()
    {
      return {};
    }

    static AnswerRange All()
    {
      return {0, INT64_MAX};
    }
  };

  struct QueryWithAnswers
  {
    Query query;
    std::vector<Json::Value> answers; // those of the range, in the full format
  };
}
