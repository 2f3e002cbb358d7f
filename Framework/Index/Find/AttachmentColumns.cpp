// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/AttachmentColumns.h"

#include <utility>

namespace OrthancRegistry
{
  Attachment MakeAttachment(int type, std::string uuid, int64_t compressedSize, int64_t uncompressedSize,
                            int compressionType, std::string uncompressedHash, std::string compressedHash,
                            std::optional<Binary> customData)
  {
    Attachment attachment;
    attachment.uuid = std::move(uuid);
    attachment.contentType = type;
    attachment.uncompressedSize = static_cast<uint64_t>(uncompressedSize);
    attachment.uncompressedHash = std::move(uncompressedHash);
    attachment.compressionType = compressionType;
    attachment.compressedSize = static_cast<uint64_t>(compressedSize);
    attachment.compressedHash = std::move(compressedHash);
    if (customData)
    {
      attachment.customData = std::move(customData->bytes);
    }
    return attachment;
  }
}
