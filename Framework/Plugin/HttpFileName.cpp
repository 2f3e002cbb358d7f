// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/HttpFileName.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_NAME = 1024; // bytes
    constexpr char DELETE = 0x7f;
  }

  std::string ParseFileName(std::string_view contentDisposition)
  {
    constexpr std::string_view FIELD = "filename=";
    const size_t field = contentDisposition.find(FIELD);
    if (field == std::string_view::npos)
    {
      return "";
    }
    std::string_view name = contentDisposition.substr(field + FIELD.size());
    if (name.starts_with('"'))
    {
      name.remove_prefix(1);
      return std::string(name.substr(0, name.find('"')));
    }
    name = name.substr(0, name.find(';'));
    return std::string(name.substr(0, name.find_last_not_of(" \t") + 1));
  }

  std::string FormatFileName(std::string_view fileName)
  {
    std::string header = "filename=\"";
    for (const char c : fileName.substr(0, MAXIMUM_NAME))
    {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= ' ' && c != DELETE && c != '"' && c != '\\')
      {
        header += c;
      }
    }
    return header + "\"";
  }
}
