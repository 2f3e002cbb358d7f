// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryFormat.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::array<std::pair<std::string_view, const char*>, 6> IDENTIFIERS = {{
        {"0008,0018", "SOPInstanceUID"},
        {"0008,0050", "AccessionNumber"},
        {"0008,0052", "QueryRetrieveLevel"},
        {"0010,0020", "PatientID"},
        {"0020,000d", "StudyInstanceUID"},
        {"0020,000e", "SeriesInstanceUID"},
    }};

    std::string GetIdentifierName(const std::string& tag)
    {
      for (const auto& [known, name] : IDENTIFIERS)
      {
        if (tag == known)
        {
          return name;
        }
      }
      return tag;
    }

    Json::Value ToFull(const Json::Value& shortFormat)
    {
      Json::Value full = Json::objectValue;
      for (const std::string& tag :
           shortFormat.isObject() ? shortFormat.getMemberNames() : Json::Value::Members())
      {
        Json::Value& target = full[tag];
        target["Name"] = GetIdentifierName(tag);
        target["Type"] = shortFormat[tag].isNull() ? "Null" : "String";
        target["Value"] = shortFormat[tag];
      }
      return full;
    }
  }

  Json::Value FormatDataset(const Json::Value& full, DicomFormat format)
  {
    if (format == DicomFormat::Full)
    {
      return full;
    }
    Json::Value result = Json::objectValue;
    for (const std::string& tag : full.getMemberNames())
    {
      const Json::Value& element = full[tag];
      Json::Value& target = result[format == DicomFormat::Short ? tag : element["Name"].asString()];
      target = Json::nullValue; // tags without a name share one: the last wins
      const std::string type = element["Type"].asString();
      if (type == "String")
      {
        target = element["Value"];
      }
      else if (type == "Sequence")
      {
        target = Json::arrayValue;
        for (const Json::Value& item : element["Value"])
        {
          target.append(FormatDataset(item, format));
        }
      }
    }
    return result;
  }

  const Json::Value& FindString(const Json::Value& full, const char* tag)
  {
    if (!full.isMember(tag) || full[tag]["Type"] != "String")
    {
      return Json::Value::nullSingleton();
    }
    return full[tag]["Value"];
  }

  Json::Value FormatRetrieved(const Json::Value& queries, DicomFormat format)
  {
    Json::Value result = Json::arrayValue;
    for (const Json::Value& query : queries)
    {
      result.append(FormatDataset(ToFull(query), format));
    }
    return result;
  }

  const char* GetLevelName(ResourceLevel level)
  {
    switch (level)
    {
    case ResourceLevel::Patient:
      return "Patient";
    case ResourceLevel::Study:
      return "Study";
    case ResourceLevel::Series:
      return "Series";
    case ResourceLevel::Instance:
      return "Instance";
    }
    return "";
  }
}
