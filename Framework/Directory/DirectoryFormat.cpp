// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryFormat.h"

#include "Framework/Directory/ModalityFormat.h"
#include "Framework/Directory/PeerFormat.h"

#include <algorithm>

namespace OrthancRegistry::DirectoryFormat
{
  namespace
  {
    constexpr size_t MAXIMUM_NAME = 1000;

    bool IsNameCharacter(char c)
    {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
             c == '_';
    }
  }

  DirectoryValue Parse(DirectoryKind kind, const Json::Value& saved)
  {
    return kind == DirectoryKind::Modalities ? ModalityFormat::Parse(saved) : PeerFormat::Parse(saved);
  }

  Json::Value Format(DirectoryKind kind, const DirectoryValue& value)
  {
    return kind == DirectoryKind::Modalities ? ModalityFormat::Format(value) : PeerFormat::Format(value);
  }

  Json::Value Mask(DirectoryKind kind, const DirectoryValue& value)
  {
    return kind == DirectoryKind::Modalities ? ModalityFormat::Format(value) : PeerFormat::Mask(value);
  }

  bool IsSurelyLoadable(DirectoryKind kind, const std::string& name, const Json::Value& formatted)
  {
    return IsValidName(name) && formatted.isObject() &&
           (kind == DirectoryKind::Modalities ? ModalityFormat::IsSurelyLoadable(formatted)
                                              : PeerFormat::IsSurelyLoadable(formatted));
  }

  bool IsValidName(const std::string& name)
  {
    return !name.empty() && name.size() <= MAXIMUM_NAME && std::ranges::all_of(name, IsNameCharacter);
  }

  const char* GetListName(DirectoryKind kind)
  {
    return kind == DirectoryKind::Modalities ? "modalities" : "peers";
  }

  const char* GetEntryName(DirectoryKind kind)
  {
    return kind == DirectoryKind::Modalities ? "modality" : "peer";
  }
}
