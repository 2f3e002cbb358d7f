// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <json/value.h>

#include <set>
#include <string>

namespace OrthancRegistry
{
  // The lists in the memory of the core of this process. What it refuses is a RegistryError with the core's
  // code. The core calls the write edge on the same thread. Thread-safe.
  class ICoreLists
  {
  public:
    virtual ~ICoreLists() = default;

    virtual void Put(DirectoryKind kind, const std::string& name, const Json::Value& value) = 0;

    // InexistentItem if there is none
    virtual void Delete(DirectoryKind kind, const std::string& name) = 0;

    virtual std::set<std::string> GetNames(DirectoryKind kind) = 0;
  };
}
