// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/DirectoryHandler.h"
#include "Framework/Plugin/RestEdge.h"

namespace OrthancRegistry
{
  // To be called in OrthancPluginInitialize()
  inline void RegisterDirectoryRoutes(RestEdge<DirectoryHandler>& edge)
  {
    edge.Register<&DirectoryHandler::GetStatus>("/cluster/directory");
    edge.Register<&DirectoryHandler::GetHistory>("/cluster/directory/history");
    edge.Register<&DirectoryHandler::RotateKey>("/cluster/directory/rotate-key");
  }
}
