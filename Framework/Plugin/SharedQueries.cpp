// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedQueries.h"

namespace OrthancRegistry
{
  SharedQueries::SharedQueries(const JobsOptions& options, const QueriesConfiguration& configuration,
                               SharedJobs& jobs)
      : options_(options), configuration_(configuration), jobs_(jobs),
        client_(
            [](HttpMethod method, const std::string& uri, std::string_view body)
            {
              return CallCore(method, uri, body);
            })
  {
    const std::string query = "/queries/([^/]+)";
    const std::string answer = query + "/answers/([^/]+)";
    edge_.Register<&QueriesHandler::Query>("/modalities/([^/]+)/query");
    edge_.Register<&QueriesHandler::List>("/queries");
    edge_.Register<&QueriesHandler::Access>(query);
    edge_.Register<&QueriesHandler::AccessPart>(query + "/(level|modality|query)");
    edge_.Register<&QueriesHandler::RetrieveAllAnswers>(query + "/retrieve");
    edge_.Register<&QueriesHandler::ListAnswers>(query + "/answers");
    edge_.Register<&QueriesHandler::ListOperations>(answer);
    edge_.Register<&QueriesHandler::GetAnswer>(answer + "/content");
    edge_.Register<&QueriesHandler::QueryChildren>(answer + "/query-(studies|series|instances)");
    edge_.Register<&QueriesHandler::RetrieveAnswer>(answer + "/retrieve");
  }

  SharedQueries::~SharedQueries()
  {
    Close();
  }

  std::vector<std::string_view> SharedQueries::GetComponents() const
  {
    return {"Queries"};
  }

  void SharedQueries::Open(const PartContext& context)
  {
    catalog_ = std::make_unique<JobsCatalog>(options_.dictionary);
    resources_ = std::make_unique<ResourceLookup>(context.database);
    submit_ = std::make_unique<JobSubmitHandler>(options_, jobs_.GetService(), *resources_);
    store_ = std::make_unique<QueryStore>(context.identity, context.database);
    retention_ = std::make_unique<QueryRetention>(configuration_, context.database);
    edge_.Open(std::make_unique<QueriesHandler>(
        QueriesContext{options_, configuration_, PluginContext::IsCoreAtLeast(1, 12, 6), *catalog_, *catalog_,
                       client_, *store_, *retention_, [this](const HttpCall& call, const std::string& uri)
                       {
                         return submit_->SubmitTo(uri, call);
                       }}));
  }

  void SharedQueries::Start()
  {
    retention_->Start();
  }

  void SharedQueries::Stop()
  {
    retention_->Stop();
  }

  void SharedQueries::Close()
  {
    edge_.Close();
    retention_.reset();
    store_.reset();
    submit_.reset();
    resources_.reset();
    catalog_.reset();
  }

  void SharedQueries::OnChange(OrthancPluginChangeType /*type*/, const char* /*resourceId*/)
  {
  }
}
