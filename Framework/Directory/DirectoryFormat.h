// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <json/value.h>

#include <string>

// The forms of a modality and of a peer: what the core saves and accepts, what the registry keeps, and what
// may be shown.
namespace OrthancRegistry::DirectoryFormat
{
  // From what a core has saved, or accepts in a PUT: all short forms, old names and absent members become
  // what the core would make of them, so that equal entries give equal values whichever core has written
  // them. RegistryError(BadFileFormat), which never names a value, if no core accepts it.
  DirectoryValue Parse(DirectoryKind kind, const Json::Value& saved);

  // What cores load and accept in a PUT, secrets included
  Json::Value Format(DirectoryKind kind, const DirectoryValue& value);

  // For logs, history and answers: each secret is replaced by MASK, the names of headers stay.
  Json::Value Mask(DirectoryKind kind, const DirectoryValue& value);

  constexpr const char* MASK = "***";

  // True if each core since 1.12.5 is sure to load the entry: a single bad one keeps it from starting. What
  // is unusual is false, for a core to decide about in a PUT.
  bool IsSurelyLoadable(DirectoryKind kind, const std::string& name, const Json::Value& formatted);

  // Letters and digits of ASCII, "-" and "_", and not longer than an index of the database can hold
  bool IsValidName(const std::string& name);

  // "modalities" or "peers"
  const char* GetListName(DirectoryKind kind);

  // "modality" or "peer"
  const char* GetEntryName(DirectoryKind kind);
}
