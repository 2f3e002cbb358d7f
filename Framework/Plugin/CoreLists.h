// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/ICoreLists.h"

namespace OrthancRegistry
{
  // The lists of the core, by its own REST API. For threads of normal stack size only.
  class CoreLists : public ICoreLists
  {
  public:
    void Put(DirectoryKind kind, const std::string& name, const Json::Value& value) override;
    void Delete(DirectoryKind kind, const std::string& name) override;
    std::set<std::string> GetNames(DirectoryKind kind) override;

    // "/modalities/{name}" or "/peers/{name}"
    static std::string GetPath(DirectoryKind kind, const std::string& name);
  };
}
