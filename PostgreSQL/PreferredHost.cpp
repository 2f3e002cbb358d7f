// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PreferredHost.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* DEFAULT_PORT = "5432";

    bool IsHostList(const std::string& keyword)
    {
      return keyword == "host" || keyword == "hostaddr" || keyword == "port";
    }

    // Of a keyword given twice, libpq takes the last one.
    std::vector<std::string> GetList(const PreferredHost::Keywords& keywords, std::string_view keyword)
    {
      const auto found = std::find_if(keywords.rbegin(), keywords.rend(),
                                      [&](const auto& candidate)
                                      {
                                        return candidate.first == keyword;
                                      });
      return found == keywords.rend() ? std::vector<std::string>() : SplitList(found->second);
    }

    // An item that is absent is that of all if there is only one, else empty: the default.
    std::string GetItem(const std::vector<std::string>& list, size_t index)
    {
      return index < list.size() ? list[index] : list.size() == 1 ? list.front() : "";
    }

    std::string MoveToFront(const std::string& text, size_t index)
    {
      std::vector<std::string> list = SplitList(text);
      if (index < list.size())
      {
        std::rotate(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(index),
                    list.begin() + static_cast<std::ptrdiff_t>(index) + 1);
      }
      std::string joined;
      for (size_t i = 0; i < list.size(); i++)
      {
        joined += (i == 0 ? "" : ",") + list[i];
      }
      return joined;
    }
  }

  PreferredHost::Keywords PreferredHost::Arrange(Keywords keywords) const
  {
    for (auto& [keyword, value] : keywords)
    {
      if (IsHostList(keyword))
      {
        value = MoveToFront(value, index_);
      }
    }
    return keywords;
  }

  void PreferredHost::Remember(const Keywords& keywords, const PGconn* connection)
  {
    const std::vector<std::string> hosts = GetList(keywords, "host");
    const std::vector<std::string> addresses = GetList(keywords, "hostaddr");
    const std::vector<std::string> ports = GetList(keywords, "port");
    const std::string name = PQhost(connection); // what was given as the address if no name was
    const std::string port = PQport(connection);
    for (size_t i = 0; i < std::max(hosts.size(), addresses.size()); i++)
    {
      const std::string host = GetItem(hosts, i).empty() ? GetItem(addresses, i) : GetItem(hosts, i);
      const std::string hostPort = GetItem(ports, i).empty() ? DEFAULT_PORT : GetItem(ports, i);
      if (host == name && hostPort == port)
      {
        index_ = i;
        return;
      }
    }
  }
}
