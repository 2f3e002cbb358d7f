// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CoreLists.h"

#include "Framework/Common/Json.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Plugin/CoreClient.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr int HTTP_OK = 200;

    void CheckStatus(const CoreAnswer& answer, const std::string& path)
    {
      if (answer.status != HTTP_OK)
      {
        throw RegistryError(ErrorCode::BadRequest,
                            "The core answers " + std::to_string(answer.status) + " to " + path);
      }
    }
  }

  std::string CoreLists::GetPath(DirectoryKind kind, const std::string& name)
  {
    return std::string("/") + DirectoryFormat::GetListName(kind) + "/" + name;
  }

  void CoreLists::Put(DirectoryKind kind, const std::string& name, const Json::Value& value)
  {
    if (!DirectoryFormat::IsValidName(name)) // it would become another path
    {
      throw RegistryError(ErrorCode::BadFileFormat, "Its name holds other characters than letters, digits, "
                                                    "\"-\" and \"_\"");
    }
    const std::string path = GetPath(kind, name);
    CheckStatus(CallCore(HttpMethod::Put, path, WriteJson(value)), path);
  }

  void CoreLists::Delete(DirectoryKind kind, const std::string& name)
  {
    if (!DirectoryFormat::IsValidName(name))
    {
      throw RegistryError(ErrorCode::InexistentItem, "There is no entry of that name");
    }
    const std::string path = GetPath(kind, name);
    CheckStatus(CallCore(HttpMethod::Delete, path), path);
  }

  std::set<std::string> CoreLists::GetNames(DirectoryKind kind)
  {
    const std::string path = std::string("/") + DirectoryFormat::GetListName(kind);
    const CoreAnswer answer = CallCore(HttpMethod::Get, path);
    CheckStatus(answer, path);
    std::set<std::string> names;
    for (const Json::Value& name : ParseJson(answer.body))
    {
      names.insert(name.asString());
    }
    return names;
  }
}
