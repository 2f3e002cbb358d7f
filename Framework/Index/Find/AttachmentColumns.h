// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Values.h"
#include "Framework/Index/IndexTypes.h"

#include <optional>
#include <string>
#include <string_view>

namespace OrthancRegistry
{
  // What makes an attachment, read from AttachedFiles
  constexpr std::string_view ATTACHMENT_COLUMNS =
      "AttachedFiles.fileType, AttachedFiles.uuid, COALESCE(AttachedFiles.compressedSize, 0), "
      "COALESCE(AttachedFiles.uncompressedSize, 0), COALESCE(AttachedFiles.compressionType, 0), "
      "COALESCE(AttachedFiles.uncompressedHash, ''), COALESCE(AttachedFiles.compressedHash, ''), "
      "AttachedFiles.customData";

  Attachment MakeAttachment(int type, std::string uuid, int64_t compressedSize, int64_t uncompressedSize,
                            int compressionType, std::string uncompressedHash, std::string compressedHash,
                            std::optional<Binary> customData);
}
