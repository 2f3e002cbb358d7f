// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryPaths.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry::DirectoryPaths
{
  namespace
  {
    constexpr std::string_view MODALITIES = "/modalities";
    constexpr std::string_view PEERS = "/peers";

    // Of either list: queries go to modalities; what is submitted, and the transfers plugin, name any entry.
    constexpr std::array<std::string_view, 4> OTHERS = {"/queries", "/cluster/directory", "/cluster/submit",
                                                        "/transfers"};

    bool IsAtOrBelow(std::string_view path, std::string_view root)
    {
      return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    }

    bool IsChild(std::string_view path, std::string_view root)
    {
      return IsAtOrBelow(path, root) && path.size() > root.size() + 1 &&
             path.find('/', root.size() + 1) == std::string_view::npos;
    }
  }

  bool MayRead(const DirectoryConfiguration& configuration, std::string_view path)
  {
    if (IsAtOrBelow(path, MODALITIES))
    {
      return configuration.areModalitiesShared;
    }
    if (IsAtOrBelow(path, PEERS))
    {
      return configuration.arePeersShared;
    }
    return (configuration.areModalitiesShared || configuration.arePeersShared) &&
           std::ranges::any_of(OTHERS,
                               [path](std::string_view root)
                               {
                                 return IsAtOrBelow(path, root);
                               });
  }

  bool IsEntry(const DirectoryConfiguration& configuration, std::string_view path)
  {
    return (configuration.areModalitiesShared && IsChild(path, MODALITIES)) ||
           (configuration.arePeersShared && IsChild(path, PEERS));
  }
}
