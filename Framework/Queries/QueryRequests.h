// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"
#include "Framework/Queries/Query.h"
#include "Framework/Queries/QueryFormat.h"

#include <optional>
#include <string_view>

// The bodies of requests about queries: checked in the order of the core, with its codes, and turned into
// the calls that any core can carry out.
namespace OrthancRegistry::QueryRequests
{
  // POST /modalities/{modality}/query
  void Check(ICoreDirectory& directory, ITagDictionary& dictionary, const std::string& modality,
             const Json::Value& body);

  // The timeout of such a body, nothing if there is none
  std::optional<uint32_t> ReadTimeout(const Json::Value& body);

  // POST /queries/{id}/answers/{index}/query-{level}s: the body of the new query to the same modality. Level
  // by level downwards only, or UnknownResource.
  void CheckChildLevel(const Query& parent, ResourceLevel level);
  Json::Value MakeChildQuery(ITagDictionary& dictionary, const Query& parent, const Json::Value& answer,
                             ResourceLevel level, const Json::Value& body);

  // POST /queries/{id}/[answers/{index}/]retrieve
  struct Retrieval
  {
    bool isMove = true; // C-MOVE, or C-GET
    std::string targetAet;
    std::optional<uint32_t> timeoutSeconds;
    DicomFormat format = DicomFormat::Short; // of "Query" in the content of the job
    Json::Value body = Json::objectValue;    // the members that all jobs have
  };

  // What decides about the method besides the request and the handle
  struct RetrieveRules
  {
    bool hasCGet = true;                  // Orthanc 1.12.6
    std::string defaultMethod = "C-MOVE"; // option "DicomDefaultRetrieveMethod"
  };

  Retrieval ReadRetrieval(const Query& query, const RetrieveRules& rules, std::string_view body);

  // The body of POST /modalities/{modality}/{move|get} for these answers
  Json::Value MakeRetrieveBody(const Query& query, const Retrieval& retrieval,
                               const std::vector<Json::Value>& answers);
}
