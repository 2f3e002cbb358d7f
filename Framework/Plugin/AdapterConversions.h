// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Plugin/Adapter.h"

// Values that several operations share.
namespace OrthancRegistry::Adapter
{
  inline ResourceLevel ToLevel(Messages::ResourceType type)
  {
    if (!Messages::ResourceType_IsValid(type))
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown level of resources");
    }
    return static_cast<ResourceLevel>(type);
  }

  inline Messages::ResourceType FromLevel(ResourceLevel level)
  {
    return static_cast<Messages::ResourceType>(level);
  }

  inline Attachment ToAttachment(const Messages::FileInfo& file)
  {
    Attachment attachment;
    attachment.uuid = file.uuid();
    attachment.contentType = file.content_type();
    attachment.uncompressedSize = file.uncompressed_size();
    attachment.uncompressedHash = file.uncompressed_hash();
    attachment.compressionType = file.compression_type();
    attachment.compressedSize = file.compressed_size();
    attachment.compressedHash = file.compressed_hash();
#if REGISTRY_SDK_HAS_CUSTOM_DATA
    attachment.customData = file.custom_data();
#endif
    return attachment;
  }

  inline void Fill(Messages::FileInfo& file, const Attachment& attachment)
  {
    file.set_uuid(attachment.uuid);
    file.set_content_type(attachment.contentType);
    file.set_uncompressed_size(attachment.uncompressedSize);
    file.set_uncompressed_hash(attachment.uncompressedHash);
    file.set_compression_type(attachment.compressionType);
    file.set_compressed_size(attachment.compressedSize);
    file.set_compressed_hash(attachment.compressedHash);
#if REGISTRY_SDK_HAS_CUSTOM_DATA
    file.set_custom_data(attachment.customData);
#endif
  }

  template <typename Field, typename Values>
  void FillRepeated(Field& field, const Values& values)
  {
    field.Reserve(static_cast<int>(values.size()));
    for (const auto& value : values)
    {
      *field.Add() = value;
    }
  }
}
