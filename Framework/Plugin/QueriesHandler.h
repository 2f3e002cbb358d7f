// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/HttpCall.h"
#include "Framework/Plugin/JobsOptions.h"
#include "Framework/Queries/IQueryClient.h"
#include "Framework/Queries/QueriesConfiguration.h"
#include "Framework/Queries/QueryRequests.h"
#include "Framework/Queries/QueryRetention.h"
#include "Framework/Queries/QueryStore.h"

#include <functional>

namespace OrthancRegistry
{
  // What the handler works with; all of it outlives the handler.
  struct QueriesContext
  {
    const JobsOptions& options;
    const QueriesConfiguration& configuration;
    bool hasCGet; // Orthanc 1.12.6
    ICoreDirectory& directory;
    ITagDictionary& dictionary;
    IQueryClient& client;
    QueryStore& store;
    QueryRetention& retention;

    // A call to the route "uri", which makes a job, with the body of "call"
    std::function<HttpAnswer(const HttpCall& call, const std::string& uri)> submitJob;
  };

  // The answers to /modalities/{m}/query, /queries and below. Thread-safe; for threads of normal stack size
  // only. Errors that the core would describe by itself are thrown as RegistryError.
  class QueriesHandler
  {
  public:
    explicit QueriesHandler(QueriesContext context);

    HttpAnswer Query(const HttpCall& call);              // /modalities/{m}/query
    HttpAnswer List(const HttpCall& call);               // /queries
    HttpAnswer Access(const HttpCall& call);             // /queries/{id}
    HttpAnswer AccessPart(const HttpCall& call);         // /queries/{id}/{level|modality|query}
    HttpAnswer ListAnswers(const HttpCall& call);        // /queries/{id}/answers
    HttpAnswer ListOperations(const HttpCall& call);     // /queries/{id}/answers/{index}
    HttpAnswer GetAnswer(const HttpCall& call);          // /queries/{id}/answers/{index}/content
    HttpAnswer QueryChildren(const HttpCall& call);      // /queries/{id}/answers/{index}/query-{level}
    HttpAnswer RetrieveAnswer(const HttpCall& call);     // /queries/{id}/answers/{index}/retrieve
    HttpAnswer RetrieveAllAnswers(const HttpCall& call); // /queries/{id}/retrieve

  private:
    std::optional<HttpAnswer> RefusePost(const HttpCall& call) const;
    QueryWithAnswers Read(const std::string& id, const AnswerRange& range) const;
    QueryWithAnswers ReadOne(const std::string& id, uint64_t index) const;
    HttpAnswer Run(const std::string& modality, const Json::Value& body);
    HttpAnswer Retrieve(const HttpCall& call, const QueryWithAnswers& found, const std::string& answers);
    void Prune() noexcept;

    QueriesContext context_;
  };
}
