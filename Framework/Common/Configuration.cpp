// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Configuration.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Spelling.h"
#include "Framework/Common/Utf8.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t LONGEST_VALUE = 80; // that is quoted in the log

    bool MayHoldPassword(const std::string& option)
    {
      return option.find("Password") != std::string::npos || option.find("Secret") != std::string::npos ||
             option == "ConnectionUri" || option == "DirectUri";
    }

    std::string FormatValue(const Json::Value& value)
    {
      const std::string text = WriteJson(value);
      return text.size() <= LONGEST_VALUE ? text : ToStorableText(text.substr(0, LONGEST_VALUE)) + "...";
    }

    std::string FormatNumber(double number)
    {
      return FormatValue(Json::Value(number));
    }
  }

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
      throw MakeError(option, "a list", ErrorCode::BadParameterType);
    }
    return value;
  }

  std::string ConfigurationSection::Quote(const std::string& option) const
  {
    return "\"" + name_ + "." + option + "\"";
  }

  RegistryError ConfigurationSection::MakeError(const std::string& option, const std::string& allowed,
                                                ErrorCode code) const
  {
    const std::string value =
        MayHoldPassword(option) || !IsPresent(option) ? " is wrong" : " is " + FormatValue(section_[option]);
    return {code, "Configuration: " + Quote(option) + value + ": it must be " + allowed};
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
      throw MakeError(option, "true or false", ErrorCode::BadParameterType);
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
    const bool isInteger = value->isInt64();
    const int64_t integer = isInteger ? value->asInt64() : 0;
    if (!isInteger || integer < minimum || integer > maximum)
    {
      throw MakeError(option, "an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum),
                      isInteger ? ErrorCode::ParameterOutOfRange : ErrorCode::BadParameterType);
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
      throw MakeError(option, "a string", ErrorCode::BadParameterType);
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
    const bool isNumber = value->isNumeric();
    const double number = isNumber ? value->asDouble() : 0;
    if (!isNumber || !(number >= minimum && number <= maximum))
    {
      throw MakeError(option, "a number from " + FormatNumber(minimum) + " to " + FormatNumber(maximum),
                      isNumber ? ErrorCode::ParameterOutOfRange : ErrorCode::BadParameterType);
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
          throw MakeError(option, "a list of strings", ErrorCode::BadParameterType);
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

  std::vector<std::string> ConfigurationSection::GetWarnings() const
  {
    std::vector<std::string> warnings;
    if (section_.isObject())
    {
      for (const std::string& option : section_.getMemberNames())
      {
        if (!known_.contains(option))
        {
          const std::string* const closest = FindClosest(option, known_);
          warnings.push_back("Configuration: the unknown option " + Quote(option) + " is ignored" +
                             (closest == nullptr ? "" : ": did you mean \"" + *closest + "\"?"));
        }
      }
    }
    return warnings;
  }
}
