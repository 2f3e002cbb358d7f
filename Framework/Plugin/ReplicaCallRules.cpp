// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/ReplicaCallRules.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry::ReplicaCallRules
{
  namespace
  {
    constexpr std::string_view SETTINGS = "/tools/";
    constexpr std::string_view COMMITMENTS = "/storage-commitment/";
    constexpr std::string_view LEVEL_OF_CATEGORY = "log-level-"; // newer cores may have more categories
    constexpr size_t MAXIMUM_CATEGORY_SIZE = 32;
    constexpr size_t MAXIMUM_UID_SIZE = 64;

    constexpr std::array<std::string_view, 5> WRITABLE = {"accepted-transfer-syntaxes", "default-encoding",
                                                          "log-level", "metrics",
                                                          "unknown-sop-class-accepted"};
    constexpr std::string_view READ_ONLY = "accepted-sop-classes";

    bool IsLevelOfCategory(std::string_view name)
    {
      if (!name.starts_with(LEVEL_OF_CATEGORY))
      {
        return false;
      }
      name.remove_prefix(LEVEL_OF_CATEGORY.size());
      return !name.empty() && name.size() <= MAXIMUM_CATEGORY_SIZE &&
             std::all_of(name.begin(), name.end(),
                         [](char c)
                         {
                           return c >= 'a' && c <= 'z';
                         });
    }
  }

  bool IsWritable(std::string_view name)
  {
    return std::find(WRITABLE.begin(), WRITABLE.end(), name) != WRITABLE.end() || IsLevelOfCategory(name);
  }

  bool IsSetting(std::string_view name)
  {
    return name == READ_ONLY || IsWritable(name);
  }

  bool IsTransactionUid(std::string_view text)
  {
    return !text.empty() && text.size() <= MAXIMUM_UID_SIZE &&
           std::all_of(text.begin(), text.end(),
                       [](char c)
                       {
                         return (c >= '0' && c <= '9') || c == '.';
                       }) &&
           text.find("..") == std::string_view::npos && text.front() != '.';
  }

  CoreRequest MakeGetSetting(const std::string& name)
  {
    return {CoreMethod::Get, std::string(SETTINGS) + name, ""};
  }

  CoreRequest MakePutSetting(const std::string& name, std::string_view value)
  {
    return {CoreMethod::Put, std::string(SETTINGS) + name, std::string(value)};
  }

  CoreRequest MakeGetCommitment(const std::string& transactionUid)
  {
    return {CoreMethod::Get, std::string(COMMITMENTS) + transactionUid, ""};
  }

  bool IsAllowed(const CoreRequest& request)
  {
    const std::string_view uri = request.uri;
    if (uri.starts_with(SETTINGS))
    {
      const std::string_view name = uri.substr(SETTINGS.size());
      return request.method == CoreMethod::Put ? IsWritable(name)
                                               : request.method == CoreMethod::Get && IsSetting(name);
    }
    return request.method == CoreMethod::Get && uri.starts_with(COMMITMENTS) &&
           IsTransactionUid(uri.substr(COMMITMENTS.size()));
  }
}
