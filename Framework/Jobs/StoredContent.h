// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <json/value.h>

#include <optional>
#include <string>

// How the contents and bodies of jobs are stored: limited in size, and compressed above a threshold.
namespace OrthancRegistry
{
  // The columns "content" and "packedContent": one of the two holds it.
  struct StoredContent
  {
    std::string text = "{}";
    std::optional<Binary> packed;
  };

  StoredContent StoreContent(const Json::Value& content, const JobsConfiguration& configuration);

  // What cannot be read is an empty object, so that one damaged row does not hide all jobs.
  Json::Value ReadContent(const std::optional<std::string>& text, const std::optional<Binary>& packed);

  // The text of another value of a job (its user data, the payload of its error), nothing for null. One that
  // is too long is replaced like a content.
  std::optional<std::string> StoreValue(const Json::Value& value, const JobsConfiguration& configuration);

  // The columns "body" and "isBodyPacked"
  struct StoredBody
  {
    Binary bytes;
    bool isPacked = false;
  };

  StoredBody StoreBody(const std::string& body, const JobsConfiguration& configuration);
  std::string ReadBody(StoredBody stored);
}
