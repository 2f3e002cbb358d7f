// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"

namespace OrthancRegistry
{
  // What the core of this process knows: modalities, peers, DICOM tags. Stateless, thread-safe; for threads
  // of normal stack size only.
  class JobsCatalog : public ICoreDirectory, public ITagDictionary
  {
  public:
    bool HasModality(const std::string& name) override;
    bool HasPeer(const std::string& name) override;
    std::optional<uint32_t> Find(const std::string& name) override;
  };
}
