// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/ConfigurationFiles.h"

#include "Framework/Common/Errors.h"

#include <json/reader.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

namespace OrthancRegistry::Move::ConfigurationFiles
{
  namespace
  {
    constexpr std::string_view OPENING = "${";
    constexpr std::string_view DEFAULT = ":-";

    std::string Quote(const std::filesystem::path& path)
    {
      return "\"" + path.string() + "\"";
    }

    bool IsQuoted(std::string_view text)
    {
      return text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
    }

    // What stands between the braces
    std::string GetValue(std::string_view variable)
    {
      const size_t separator = variable.find(DEFAULT);
      const std::string name(variable.substr(0, separator));
      if (const char* const value = std::getenv(name.c_str()))
      {
        return value;
      }
      if (separator == std::string_view::npos)
      {
        return "";
      }
      const std::string_view content = variable.substr(separator + DEFAULT.size());
      return std::string(IsQuoted(content) ? content.substr(1, content.size() - 2) : content);
    }

    std::string ReadFile(const std::filesystem::path& path)
    {
      std::ifstream stream(path, std::ios::binary);
      std::ostringstream content;
      content << stream.rdbuf();
      if (!stream)
      {
        throw RegistryError(ErrorCode::InexistentFile,
                            "The configuration " + Quote(path) + " cannot be read");
      }
      return content.str();
    }

    Json::Value ParseFile(const std::filesystem::path& path)
    {
      const std::string text = SubstituteVariables(ReadFile(path));
      const std::unique_ptr<Json::CharReader> reader(Json::CharReaderBuilder().newCharReader());
      Json::Value value;
      if (!reader->parse(text.data(), text.data() + text.size(), &value, nullptr) || !value.isObject())
      {
        throw RegistryError(ErrorCode::BadJson, "The configuration " + Quote(path) + " is no JSON object");
      }
      return value;
    }

    void Merge(Json::Value& target, const std::filesystem::path& path)
    {
      const Json::Value source = ParseFile(path);
      for (const std::string& name : source.getMemberNames())
      {
        if (target.isMember(name))
        {
          throw RegistryError(ErrorCode::BadFileFormat,
                              "The configuration " + Quote(path) + " defines \"" + name + "\" once more");
        }
        target[name] = source[name];
      }
    }

    bool IsJson(const std::filesystem::directory_entry& entry)
    {
      std::string extension = entry.path().extension();
      std::transform(extension.begin(), extension.end(), extension.begin(),
                     [](unsigned char c)
                     {
                       return static_cast<char>(std::tolower(c));
                     });
      return !entry.is_directory() && extension == ".json";
    }
  }

  std::string SubstituteVariables(std::string_view text)
  {
    std::string result;
    while (!text.empty())
    {
      const size_t begin = text.find(OPENING);
      const size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
      if (end == std::string_view::npos)
      {
        break;
      }
      result += text.substr(0, begin);
      result += GetValue(text.substr(begin + OPENING.size(), end - begin - OPENING.size()));
      text.remove_prefix(end + 1);
    }
    return result + std::string(text);
  }

  Json::Value Read(const std::filesystem::path& path)
  {
    Json::Value result = Json::objectValue;
    if (!std::filesystem::is_directory(path))
    {
      Merge(result, path);
      return result;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(path))
    {
      if (IsJson(entry))
      {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& file : files)
    {
      Merge(result, file);
    }
    return result;
  }
}
