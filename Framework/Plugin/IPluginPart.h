// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/MessageHub.h"
#include "Framework/Index/IIndexDialect.h"
#include "Framework/Replicas/PulseQuestions.h"
#include "Framework/Replicas/ReplicaIdentity.h"

#include <orthanc/OrthancCPlugin.h>

#include <string_view>
#include <vector>

namespace OrthancRegistry
{
  // What the parts share from OPEN to CLOSE
  struct PartContext
  {
    const ReplicaIdentity& identity;
    IDatabase& database;
    const IIndexDialect& dialect;
    MessageHub& hub;
    PulseQuestions& questions;
  };

  // A part of the index plugin beside the index itself, constructed in OrthancPluginInitialize(), where it
  // registers its routes. The parts are opened in their order and closed in the reverse one. Called from the
  // main thread of the core, but for OnChange().
  class IPluginPart
  {
  public:
    virtual ~IPluginPart() = default;

    // The components of the schema that are migrated before Open()
    virtual std::vector<std::string_view> GetComponents() const = 0;

    // What the context refers to lives until Close(), the context itself does not. The core calls REST
    // handlers and uses the database from here on.
    virtual void Open(const PartContext& context) = 0;

    virtual void Start() = 0; // OrthancStarted
    virtual void Stop() = 0;  // OrthancStopped; not called if the core does not come that far
    virtual void Close() = 0;

    // A change event of the core, of any of its threads. "resourceId" may be null. Must be quick.
    virtual void OnChange(OrthancPluginChangeType type, const char* resourceId) = 0;
  };
}
