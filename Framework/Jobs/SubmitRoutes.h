// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobRoutes.h"

namespace OrthancRegistry
{
  // What may be queued through POST /cluster/submit/{uri}: the routes of the core that make jobs, archives
  // and media included, and the routes of plugins that the administrator lists. Immutable.
  class SubmitRoutes
  {
  public:
    // "*" stands for one part of a path. "hasPatients" as in JobRoutes.h
    SubmitRoutes(const std::vector<std::string>& pluginRoutes, bool hasPatients);

    // Nothing if the path is none of these. The route of a plugin has JobRouteKind::Plugin.
    std::optional<JobRoute> Find(std::string_view path) const;

  private:
    std::vector<std::vector<std::string>> pluginRoutes_; // parts
    bool hasPatients_;
  };
}
