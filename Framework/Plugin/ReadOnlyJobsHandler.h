// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobsService.h"
#include "Framework/Plugin/ClusterHandler.h"
#include "Framework/Plugin/JobOutputsHandler.h"
#include "Framework/Plugin/JobQueryHandler.h"

namespace OrthancRegistry
{
  // What an Orthanc that must not write answers to /jobs and /cluster: the jobs of the shared registry can
  // be read, their outputs fetched, and nothing about them changed (403). The jobs that its own core runs
  // are in nobody's registry: they are shown here, and the core serves everything about them. Thread-safe;
  // for threads of normal stack size only.
  class ReadOnlyJobsHandler
  {
  public:
    // The service, which must outlive this object, is one that only reads.
    ReadOnlyJobsHandler(const JobsOptions& options, JobsService& service);

    HttpAnswer List(const HttpCall& call);       // /jobs
    HttpAnswer Access(const HttpCall& call);     // /jobs/{id}
    HttpAnswer AccessPart(const HttpCall& call); // /jobs/{id}/{action or key of an output}

    HttpAnswer GetReplicas(const HttpCall& call);   // /cluster/replicas
    HttpAnswer GetStatistics(const HttpCall& call); // /cluster/statistics
    HttpAnswer Refuse(const HttpCall& call);        // what changes something, whatever it is

  private:
    bool IsShared(const std::string& id);
    HttpAnswer GetAtCore(const std::string& id);
    HttpAnswer GetOutputAtCore(const std::string& id, const std::string& key);

    JobsService& service_;
    JobQueryHandler queries_;
    JobOutputsHandler outputs_;
    ClusterHandler cluster_;
  };

  // The text of a JSON array with the elements of another array before its own
  std::string InsertFirst(std::string_view array, const Json::Value& elements);
}
