// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <json/value.h>

// See DirectoryFormat.h. The kept configuration of a peer lists the names of its headers only; the user part
// of its URL, its passwords and the values of its headers are the secrets.
namespace OrthancRegistry::PeerFormat
{
  DirectoryValue Parse(const Json::Value& saved);
  Json::Value Format(const DirectoryValue& value);
  Json::Value Mask(const DirectoryValue& value);
  bool IsSurelyLoadable(const Json::Value& formatted);
}
