// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobValidationTags.h"

#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobBody.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace OrthancRegistry::JobTags
{
  namespace
  {
    constexpr std::array<uint32_t, 40> PATIENT_AND_STUDY_MODULES = {
        // Patient
        0x00081120, 0x00100010, 0x00100020, 0x00100021, 0x00100024, 0x00100030, 0x00100032, 0x00100040,
        0x00101000, 0x00101001, 0x00101002, 0x00102160, 0x00102201, 0x00102202, 0x00102292, 0x00102293,
        0x00102294, 0x00102297, 0x00102298, 0x00102299, 0x00104000, 0x00120062, 0x00120063, 0x00120064,
        // General Study, without the StudyInstanceUID
        0x00080020, 0x00080030, 0x00080050, 0x00080051, 0x00080090, 0x00080096, 0x00081030, 0x00081032,
        0x00081048, 0x00081049, 0x00081060, 0x00081062, 0x00081110, 0x00200010, 0x00321034, 0x00401012};

    constexpr int HEXADECIMAL = 16;
    constexpr size_t TAG_DIGITS = 8;
    constexpr size_t GROUP_DIGITS = 4;

    std::optional<uint32_t> ParseHexadecimal(std::string text)
    {
      if (text.size() == TAG_DIGITS + 1 && (text[GROUP_DIGITS] == ',' || text[GROUP_DIGITS] == '-'))
      {
        text.erase(GROUP_DIGITS, 1);
      }
      if (text.size() != TAG_DIGITS || !std::all_of(text.begin(), text.end(),
                                                    [](unsigned char c)
                                                    {
                                                      return std::isxdigit(c) != 0;
                                                    }))
      {
        return std::nullopt;
      }
      uint32_t tag = 0;
      std::from_chars(text.data(), text.data() + text.size(), tag, HEXADECIMAL);
      return tag;
    }

    // Within a path, a tag may stand in parentheses
    uint32_t ParsePathTag(ITagDictionary& dictionary, const std::string& text)
    {
      if (text.size() >= 2 && text.front() == '(' && text.back() == ')')
      {
        const auto tag = ParseHexadecimal(text.substr(1, text.size() - 2));
        if (!tag)
        {
          throw RegistryError(ErrorCode::UnknownDicomTag, text);
        }
        return *tag;
      }
      return Parse(dictionary, text);
    }

    // "Tag[index]" or "Tag[*]"
    void CheckPathParent(ITagDictionary& dictionary, const std::string& text)
    {
      const size_t bracket = text.find('[');
      if (bracket == std::string::npos)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "No index after a sequence: " + text);
      }
      const std::string tag(StripSpaces(std::string_view(text).substr(0, bracket)));
      std::string_view index = StripSpaces(std::string_view(text).substr(bracket + 1));
      if (tag.empty() || index.empty() || index.back() != ']')
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Malformed step in a path of tags: " + text);
      }
      ParsePathTag(dictionary, tag);

      index = StripSpaces(index.substr(0, index.size() - 1));
      if (index.starts_with('+'))
      {
        index.remove_prefix(1);
      }
      int value = 0;
      const auto result = std::from_chars(index.data(), index.data() + index.size(), value);
      const bool isNumber = result.ec == std::errc() && result.ptr == index.data() + index.size();
      if (index != "*" && (!isNumber || value < 0))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Malformed index in a path of tags: " + text);
      }
    }
  }

  bool IsIdentifier(uint32_t tag)
  {
    return tag == PATIENT_ID || tag == STUDY_INSTANCE_UID || tag == SERIES_INSTANCE_UID ||
           tag == SOP_INSTANCE_UID;
  }

  std::string Format(uint32_t tag)
  {
    constexpr int GROUP_BITS = 16;
    constexpr uint32_t ELEMENT_MASK = 0xffff;
    std::array<char, TAG_DIGITS + 2> text{};
    std::snprintf(text.data(), text.size(), "%04x,%04x", tag >> GROUP_BITS, tag & ELEMENT_MASK);
    return text.data();
  }

  uint32_t Parse(ITagDictionary& dictionary, const std::string& name)
  {
    if (const auto tag = ParseHexadecimal(name))
    {
      return *tag;
    }
    if (const auto tag = dictionary.Find(name))
    {
      return *tag;
    }
    throw RegistryError(ErrorCode::UnknownDicomTag, name);
  }

  Path ParsePath(ITagDictionary& dictionary, const std::string& text)
  {
    const size_t last = text.rfind('.');
    const size_t begin = last == std::string::npos ? 0 : last + 1;
    Path path;
    path.isNested = last != std::string::npos;
    path.tag = ParsePathTag(dictionary, std::string(StripSpaces(std::string_view(text).substr(begin))));

    size_t position = 0;
    while (position < begin)
    {
      const size_t dot = text.find('.', position);
      CheckPathParent(dictionary, text.substr(position, dot - position));
      position = dot + 1;
    }
    return path;
  }

  bool IsOfPatientOrStudyModule(uint32_t tag)
  {
    return std::find(PATIENT_AND_STUDY_MODULES.begin(), PATIENT_AND_STUDY_MODULES.end(), tag) !=
           PATIENT_AND_STUDY_MODULES.end();
  }
}
