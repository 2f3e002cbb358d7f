// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // Parses strict JSON. Throws RegistryError(BadJson) if the text is malformed or nested deeper than 100
  // levels (a client controls these texts, and parsers recurse).
  Json::Value ParseJson(std::string_view text);

  // Like ParseJson, but answers false instead of throwing.
  bool TryParseJson(Json::Value& target, std::string_view text);

  // One line, UTF-8 kept as it is, members in alphabetical order (the same value always gives the same text).
  std::string WriteJson(const Json::Value& value);

  // Indented as the core does it in its answers.
  std::string WriteStyledJson(const Json::Value& value);
}
