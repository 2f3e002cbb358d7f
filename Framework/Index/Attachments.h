// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Attachments
{
  void Add(IndexTransaction& t, int64_t id, const Attachment& attachment, int64_t revision); // ADD_ATTACHMENT

  // DELETE_ATTACHMENT; nothing if there was none.
  std::optional<Attachment> Delete(IndexTransaction& t, int64_t id, int contentType);

  // LOOKUP_ATTACHMENT; locks the row in a writing transaction, see Metadata::Lookup().
  std::optional<AttachmentWithRevision> Lookup(IndexTransaction& t, int64_t id, int contentType);

  std::vector<int> List(IndexTransaction& t, int64_t id); // LIST_AVAILABLE_ATTACHMENTS

  // GET_ATTACHMENT_CUSTOM_DATA, SET_ATTACHMENT_CUSTOM_DATA, by UUID: an unknown one is UnknownResource.
  std::string GetCustomData(IndexTransaction& t, const std::string& uuid);
  void SetCustomData(IndexTransaction& t, const std::string& uuid, const std::string& customData);
}
