// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Configuration.h"

#include "Framework/Common/Errors.h"

namespace OrthancRegistry
{
  ConfigurationSection::ConfigurationSection(std::string name, const Json::Value& section)
      : name_(std::move(name)), section_(section)
  {
    if (!section_.isNull() && !section_.isObject())
    {
      throw RegistryError(ErrorCode::BadParameterType,
                          "Configuration: the section \"" + name_ + "\" must be a JSON object");
    }
  }

  bool ConfigurationSection::IsPresent(const std::string& option) const
  {
    return section_.isObject() && section_.isMember(option);
  }

  const Json::Value* ConfigurationSection::Find(const std::string& option)
  {
    known_.insert(option);
    return IsPresent(option) ? &section_[option] : nullptr;
  }

  const Json::Value* ConfigurationSection::FindList(const std::string& option)
  {
    const Json::Value* const value = Find(option);
    if (value != nullptr && !value->isArray())
    {
      throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be a list");
    }
    return value;
  }

  std::string ConfigurationSection::Describe(const std::string& option) const
  {
    return "Configuration: \"" + name_ + "." + option + "\"";
  }

  bool ConfigurationSection::GetBoolean(const std::string& option, bool defaultValue)
  {
    const Json::Value* const value = Find(option);
    if (value == nullptr)
    {
      return defaultValue;
    }
    if (!value->isBool())
    {
      throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be true or false");
    }
    return value->asBool();
  }

  int64_t ConfigurationSection::GetInteger(const std::string& option, int64_t defaultValue, int64_t minimum,
                                           int64_t maximum)
  {
    const Json::Value* const value = Find(option);
    if (value == nullptr)
    {
      return defaultValue;
    }
    if (!value->isInt64())
    {
      throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be an integer");
    }
    const int64_t integer = value->asInt64();
    if (integer < minimum || integer > maximum)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange, Describe(option) + " must be between " +
                                                              std::to_string(minimum) + " and " +
                                                              std::to_string(maximum));
    }
    return integer;
  }

  std::string ConfigurationSection::GetString(const std::string& option, const std::string& defaultValue)
  {
    const Json::Value* const value = Find(option);
    if (value == nullptr)
    {
      return defaultValue;
    }
    if (!value->isString())
    {
      throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be a string");
    }
    return value->asString();
  }

  double ConfigurationSection::GetNumber(const std::string& option, double defaultValue, double minimum,
                                         double maximum)
  {
    const Json::Value* const value = Find(option);
    if (value == nullptr)
    {
      return defaultValue;
    }
    if (!value->isNumeric())
    {
      throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be a number");
    }
    const double number = value->asDouble();
    if (!(number >= minimum && number <= maximum))
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange, Describe(option) + " must be between " +
                                                              std::to_string(minimum) + " and " +
                                                              std::to_string(maximum));
    }
    return number;
  }

  std::vector<std::string> ConfigurationSection::GetStrings(const std::string& option)
  {
    std::vector<std::string> strings;
    if (const Json::Value* const list = FindList(option))
    {
      for (const Json::Value& value : *list)
      {
        if (!value.isString())
        {
          throw RegistryError(ErrorCode::BadParameterType, Describe(option) + " must be a list of strings");
        }
        strings.push_back(value.asString());
      }
    }
    return strings;
  }

  std::vector<ConfigurationSection> ConfigurationSection::GetSections(const std::string& option)
  {
    std::vector<ConfigurationSection> sections;
    if (const Json::Value* const list = FindList(option))
    {
      for (Json::ArrayIndex i = 0; i < list->size(); i++)
      {
        sections.emplace_back(name_ + "." + option + "[" + std::to_string(i) + "]", (*list)[i]);
      }
    }
    return sections;
  }

  std::vector<std::string> ConfigurationSection::GetUnknownOptions() const
  {
    std::vector<std::string> unknown;
    if (section_.isObject())
    {
      for (const std::string& option : section_.getMemberNames())
      {
        if (!known_.contains(option))
        {
          unknown.push_back(option);
        }
      }
    }
    return unknown;
  }

  void ConfigurationSection::CheckUnknownOptions() const
  {
    const std::vector<std::string> unknown = GetUnknownOptions();
    if (!unknown.empty())
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "Configuration: unknown option \"" + name_ + "." + unknown.front() + "\"");
    }
  }
}
