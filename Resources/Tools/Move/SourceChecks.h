// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Resources/Tools/Move/SourceIndex.h"

#include <string>
#include <vector>

namespace OrthancRegistry::Move
{
  // What is to be known about a source before anything is copied.
  namespace SourceChecks
  {
    // RegistryError if the rows of the resources are no forest of four levels, as they always are unless the
    // file is damaged.
    void CheckResources(const SourceIndex& source);

    // The jobs that had not ended when Orthanc was stopped: "id (type, state)"
    std::vector<std::string> GetUnfinishedJobs(const SourceIndex& source);

    // Whether there are properties that a database keeps for each server
    bool HasServerProperties(const SourceIndex& source);
  }
}
