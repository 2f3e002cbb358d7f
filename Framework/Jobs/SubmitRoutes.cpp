// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/SubmitRoutes.h"

#include "Framework/Common/Utf8.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    std::vector<std::string> Split(std::string_view path)
    {
      std::vector<std::string> parts;
      while (path.starts_with('/'))
      {
        path.remove_prefix(1);
        const size_t end = std::min(path.find('/'), path.size());
        parts.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
      }
      return parts;
    }

    // Such a part could be read in another way by whoever receives the path: as arguments, as several parts,
    // as another place of the tree.
    bool IsPlain(const std::string& part)
    {
      return !part.empty() && part != "." && part != ".." &&
             part.find_first_of("?#%\\;") == std::string::npos && IsStorableText(part) &&
             std::none_of(part.begin(), part.end(),
                          [](unsigned char c)
                          {
                            return c < ' ' || c == 0x7f;
                          });
    }

    // The registry's own routes, which a configured pattern may match
    bool IsOwn(const std::vector<std::string>& parts)
    {
      return parts[0] == "jobs" || parts[0] == "cluster";
    }

    bool IsMatch(const std::vector<std::string>& pattern, const std::vector<std::string>& parts)
    {
      return std::equal(pattern.begin(), pattern.end(), parts.begin(), parts.end(),
                        [](const std::string& expected, const std::string& part)
                        {
                          return expected == "*" || expected == part;
                        });
    }
  }

  SubmitRoutes::SubmitRoutes(const std::vector<std::string>& pluginRoutes, bool hasPatients)
      : hasPatients_(hasPatients)
  {
    for (const std::string& route : pluginRoutes)
    {
      pluginRoutes_.push_back(Split(route));
    }
  }

  std::optional<JobRoute> SubmitRoutes::Find(std::string_view path) const
  {
    const auto parts = Split(path);
    if (parts.empty() || !std::all_of(parts.begin(), parts.end(), IsPlain) || IsOwn(parts))
    {
      return std::nullopt;
    }
    auto route = ParseJobRoute(path);
    if (!route)
    {
      route = ParseArchiveRoute(path);
    }
    if (route)
    {
      return parts[0] == "patients" && !hasPatients_ ? std::nullopt : route;
    }
    const bool isListed = std::any_of(pluginRoutes_.begin(), pluginRoutes_.end(),
                                      [&](const auto& pattern)
                                      {
                                        return IsMatch(pattern, parts);
                                      });
    return isListed ? std::make_optional(JobRoute{JobRouteKind::Plugin, ResourceLevel::Study, "", ""})
                    : std::nullopt;
  }
}
