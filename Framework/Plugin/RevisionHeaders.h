// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobControl.h"

#include <string>

namespace OrthancRegistry
{
  // The entity tag of a job is its revision in quotes.
  std::string FormatEntityTag(int64_t revision);

  // The value of the header "If-Match": a list of revisions, each with or without quotes, or "*" for any job.
  // Null is the absent header. None of the revisions stands for "any". Throws RegistryError(BadRequest) if it
  // is malformed.
  ExpectedRevisions ParseIfMatch(const std::string* header);

  // True if the value of the header "If-None-Match" names the tag, as a weak or a strong one, or is "*". Null
  // is the absent header.
  bool IsEntityTagNamed(const std::string* header, const std::string& tag);
}
