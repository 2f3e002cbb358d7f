// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // True for the identifier of a resource of Orthanc: five groups of eight letters or digits, joined by
  // dashes.
  bool IsPublicId(std::string_view text);

  // The text without the blanks at its ends
  std::string_view StripSpaces(std::string_view text);

  // Parses the body of a call that makes a job, as leniently as the core does (comments are accepted). A bare
  // identifier, as the routes "store" accept it, gives an array of one string. Answers false if the text is
  // no JSON, or nested deeper than 100 levels.
  bool ParseJobBody(Json::Value& target, std::string_view body, bool isStoreRoute);

  // The same call, to be run asynchronously whatever the body said. The short forms of the routes whose body
  // may be a list (string, array) become {"Resources": [...]}. A body that is no JSON remains as it is: the
  // core refuses it.
  std::string MakeAsynchronousBody(const std::string& body, bool mayBeList);
}
