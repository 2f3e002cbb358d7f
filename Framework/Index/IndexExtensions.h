// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

#include <optional>
#include <string>

// What else of the plugin takes part in the operations of the core on the index. All is called by the thread
// of the core that runs the operation, inside its transaction; what is written there is committed, or not,
// with the rest.
namespace OrthancRegistry
{
  // Keeps global properties of the core elsewhere than in the tables of properties.
  class IPropertyOwner
  {
  public:
    virtual ~IPropertyOwner() = default;

    virtual bool Owns(const std::string& server, int property) const = 0;
    virtual std::optional<std::string> Lookup(IndexTransaction& transaction, const std::string& server,
                                              int property) = 0;
    virtual void Set(IndexTransaction& transaction, const std::string& server, int property,
                     const std::string& value) = 0;
  };

  // Is asked and told about resources.
  class IResourceObserver
  {
  public:
    virtual ~IResourceObserver() = default;

    // Not for an instance that was there already.
    virtual void OnInstanceCreated(IndexTransaction& transaction, const InstancePath& path,
                                   const CreatedInstance& created) = 0;

    // Before resources of a level are looked for. What it asks must not cost a round trip.
    virtual void OnFind(IndexTransaction& transaction, ResourceLevel level) = 0;

    // Before a change is logged: false if it must not be.
    virtual bool MayLogChange(IndexTransaction& transaction, int changeType, int64_t resourceId) = 0;

    // True if the calling thread is to be told that the resource, which exists, is unknown.
    virtual bool IsHidden(IndexTransaction& transaction, int64_t resourceId) = 0;
  };

  // Null where there is nobody
  struct IndexExtensions
  {
    IPropertyOwner* properties = nullptr;
    IResourceObserver* resources = nullptr;
  };
}
