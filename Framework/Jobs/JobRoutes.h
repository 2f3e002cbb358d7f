// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Which REST calls make queued jobs: the routes of the core that create a job, are POST-only and never stream
// their answer. Retrievals of query handles become calls of move and get. Archives and media (streamed)
// remain routes of the core; archives, media, and routes of plugins can be queued through /cluster/submit.
namespace OrthancRegistry
{
  enum class JobRouteKind
  {
    Modify,        // /{patients|studies|series}/{id}/modify
    Anonymize,     // /{patients|studies|series}/{id}/anonymize
    BulkModify,    // /tools/bulk-modify
    BulkAnonymize, // /tools/bulk-anonymize
    Split,         // /studies/{id}/split
    Merge,         // /studies/{id}/merge
    ModalityStore, // /modalities/{modality}/store
    ModalityMove,  // /modalities/{modality}/move
    ModalityGet,   // /modalities/{modality}/get
    PeerStore,     // /peers/{peer}/store
    Archive,       // /{patients|studies|series}/{id}/archive
    Media,         // /{patients|studies|series}/{id}/media
    BulkArchive,   // /tools/create-archive
    BulkMedia,     // /tools/create-media, /tools/create-media-extended
    Plugin         // whatever the administrator lists
  };

  struct JobRoute
  {
    JobRouteKind kind = JobRouteKind::Modify;
    ResourceLevel level = ResourceLevel::Study; // of "resource"
    std::string resource;                       // the {id} of the route, empty if it has none
    std::string destination;                    // modality or peer, empty if the route has none
  };

  // The regular expressions to register, each for a whole path. The routes of patients only exist if the
  // core has its option "PatientLevelEnabled" on.
  std::vector<std::string> GetJobRoutePatterns(bool hasPatients);

  // Nothing if the path is none of a queued job. "path" is as the core gives it: without query, without
  // trailing slash.
  std::optional<JobRoute> ParseJobRoute(std::string_view path);

  // The same for archives and media, which are not registered
  std::optional<JobRoute> ParseArchiveRoute(std::string_view path);

  // The type of the core's job, "ResourceModification" for example
  const char* GetJobType(JobRouteKind kind);

  // True if the body of the route may also be a bare identifier or a JSON string or array of them.
  bool IsStoreRoute(JobRouteKind kind);

  // True if the body of the route may be a JSON array of identifiers.
  bool MayBodyBeList(JobRouteKind kind);
}
