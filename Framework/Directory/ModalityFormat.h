// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryTypes.h"

#include <json/value.h>

// See DirectoryFormat.h. A modality has no secrets. Its member "RetrieveMethod", which older cores do not
// know, is absent if it has the default value.
namespace OrthancRegistry::ModalityFormat
{
  DirectoryValue Parse(const Json::Value& saved);
  Json::Value Format(const DirectoryValue& value);
  bool IsSurelyLoadable(const Json::Value& formatted);
}
