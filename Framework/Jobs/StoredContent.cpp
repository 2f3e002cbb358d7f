// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/StoredContent.h"

#include "Framework/Common/Compression.h"
#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Common/Utf8.h"

#include <utility>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_SIZE = size_t{256} * 1024 * 1024; // the highest limit that can be configured
    constexpr size_t MAXIMUM_DESCRIPTION = 4096;

    // Nothing if compression does not pay
    std::optional<std::string> Pack(const std::string& bytes, uint64_t threshold)
    {
      if (bytes.size() <= threshold)
      {
        return std::nullopt;
      }
      std::string packed = Compress(bytes);
      return packed.size() < bytes.size() ? std::make_optional(std::move(packed)) : std::nullopt;
    }

    std::string WriteLimited(const Json::Value& value, uint64_t maximumSize)
    {
      std::string text = ToStorableText(WriteJson(value));
      if (text.size() <= maximumSize)
      {
        return text;
      }
      Json::Value replacement = Json::objectValue;
      replacement["Truncated"] = true;
      if (value.isObject() && value["Description"].isString() &&
          value["Description"].asString().size() <= MAXIMUM_DESCRIPTION)
      {
        replacement["Description"] = value["Description"];
      }
      replacement["Size"] = static_cast<Json::UInt64>(text.size());
      replacement["Message"] =
          "Left out, because it is longer than the option \"MaximumContentSizeMB\" allows (" +
          std::to_string(maximumSize) + " bytes)";
      return ToStorableText(WriteJson(replacement));
    }
  }

  StoredContent StoreContent(const Json::Value& content, const JobsConfiguration& configuration)
  {
    StoredContent stored;
    if (content.isNull())
    {
      return stored;
    }
    std::string text = WriteLimited(content, configuration.maximumContentSize);
    if (auto packed = Pack(text, configuration.compressionThreshold))
    {
      stored.packed = Binary{std::move(*packed)};
    }
    else
    {
      stored.text = std::move(text);
    }
    return stored;
  }

  Json::Value ReadContent(const std::optional<std::string>& text, const std::optional<Binary>& packed)
  {
    Json::Value content;
    try
    {
      if (packed)
      {
        TryParseJson(content, Decompress(packed->bytes, MAXIMUM_SIZE));
      }
      else if (text)
      {
        TryParseJson(content, *text);
      }
    }
    catch (const RegistryError& error)
    {
      LogError(std::string("The content of a job cannot be read: ") + error.what());
      content = Json::objectValue;
    }
    return content;
  }

  std::optional<std::string> StoreValue(const Json::Value& value, const JobsConfiguration& configuration)
  {
    return value.isNull() ? std::nullopt
                          : std::make_optional(WriteLimited(value, configuration.maximumContentSize));
  }

  StoredBody StoreBody(const std::string& body, const JobsConfiguration& configuration)
  {
    auto packed = Pack(body, configuration.compressionThreshold);
    return packed ? StoredBody{Binary{std::move(*packed)}, true} : StoredBody{Binary{body}, false};
  }

  std::string ReadBody(StoredBody stored)
  {
    return stored.isPacked ? Decompress(stored.bytes.bytes, MAXIMUM_SIZE) : std::move(stored.bytes.bytes);
  }
}
