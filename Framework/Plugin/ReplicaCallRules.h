// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Replicas/ICoreCaller.h"

#include <string>
#include <string_view>

// What replicas may ask of each other's cores
namespace OrthancRegistry::ReplicaCallRules
{
  // A setting of the process below /tools of the core, which can be read; IsWritable: and changed.
  bool IsSetting(std::string_view name);
  bool IsWritable(std::string_view name);

  // The form of the UID of a DICOM transaction
  bool IsTransactionUid(std::string_view text);

  CoreRequest MakeGetSetting(const std::string& name);
  CoreRequest MakePutSetting(const std::string& name, std::string_view value);
  CoreRequest MakeGetCommitment(const std::string& transactionUid);

  // True for what the functions above make of valid names
  bool IsAllowed(const CoreRequest& request);
}
