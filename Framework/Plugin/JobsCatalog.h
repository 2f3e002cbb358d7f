// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"

#include <json/value.h>

#include <map>

namespace OrthancRegistry
{
  // What the core of this process knows: modalities, peers, DICOM tags. Thread-safe; for threads of normal
  // stack size only.
  class JobsCatalog : public ICoreDirectory, public ITagDictionary
  {
  public:
    // "dictionary" is the option "Dictionary" of Orthanc: the core does not tell plugins about private tags
    // of another creator than its default one.
    explicit JobsCatalog(const Json::Value& dictionary);

    bool HasModality(const std::string& name) override;
    bool HasPeer(const std::string& name) override;
    std::optional<uint32_t> Find(const std::string& name) override;

  private:
    std::map<std::string, uint32_t> configuredTags_; // by name
  };
}
