// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Attachments.h"
#include "Framework/Index/Labels.h"
#include "Framework/Index/Metadata.h"
#include "Framework/Index/Tags.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
  namespace
  {
    void SetResourcesContent(Call& call)
    {
      const auto& request = call.request.set_resources_content();
      std::vector<ResourceTag> tags;
      tags.reserve(static_cast<size_t>(request.tags_size()));
      for (const auto& tag : request.tags())
      {
        tags.push_back(
            {tag.resource_id(),
             tag.is_identifier(),
             {static_cast<uint16_t>(tag.group()), static_cast<uint16_t>(tag.element()), tag.value()}});
      }
      std::vector<ResourceMetadata> metadata;
      metadata.reserve(static_cast<size_t>(request.metadata_size()));
      for (const auto& item : request.metadata())
      {
        metadata.push_back({item.resource_id(), item.metadata(), item.value()});
      }
      Tags::SetResourcesContent(call.transaction, tags, metadata);
    }

    void ClearMainDicomTags(Call& call)
    {
      Tags::ClearMainDicomTags(call.transaction, call.request.clear_main_dicom_tags().id());
    }

    void GetMainDicomTags(Call& call)
    {
      auto& response = *call.response.mutable_get_main_dicom_tags();
      for (const TagValue& tag :
           Tags::GetMainDicomTags(call.transaction, call.request.get_main_dicom_tags().id()))
      {
        auto& target = *response.add_tags();
        target.set_group(tag.group);
        target.set_element(tag.element);
        target.set_value(tag.value);
      }
    }

    void SetMetadata(Call& call)
    {
      const auto& request = call.request.set_metadata();
      Metadata::Set(call.transaction, request.id(), request.metadata_type(), request.value(),
                    request.revision());
    }

    void DeleteMetadata(Call& call)
    {
      const auto& request = call.request.delete_metadata();
      Metadata::Delete(call.transaction, request.id(), request.type());
    }

    void LookupMetadata(Call& call)
    {
      const auto& request = call.request.lookup_metadata();
      const auto found = Metadata::Lookup(call.transaction, request.id(), request.metadata_type());
      auto& response = *call.response.mutable_lookup_metadata();
      response.set_found(found.has_value());
      if (found)
      {
        response.set_value(found->value);
        response.set_revision(found->revision);
      }
    }

    void GetAllMetadata(Call& call)
    {
      auto& response = *call.response.mutable_get_all_metadata();
      for (const MetadataValue& item :
           Metadata::GetAll(call.transaction, call.request.get_all_metadata().id()))
      {
        auto& target = *response.add_metadata();
        target.set_type(item.type);
        target.set_value(item.value);
      }
    }

    void GetChildrenMetadata(Call& call)
    {
      const auto& request = call.request.get_children_metadata();
      FillRepeated(*call.response.mutable_get_children_metadata()->mutable_values(),
                   Metadata::GetOfChildren(call.transaction, request.id(), request.metadata()));
    }

    void AddAttachment(Call& call)
    {
      const auto& request = call.request.add_attachment();
      Attachments::Add(call.transaction, request.id(), ToAttachment(request.attachment()),
                       request.revision());
    }

    void DeleteAttachment(Call& call)
    {
      const auto& request = call.request.delete_attachment();
      const auto deleted = Attachments::Delete(call.transaction, request.id(), request.type());
      if (deleted)
      {
        Fill(*call.response.mutable_delete_attachment()->mutable_deleted_attachment(), *deleted);
      }
    }

    void LookupAttachment(Call& call)
    {
      const auto& request = call.request.lookup_attachment();
      const auto found = Attachments::Lookup(call.transaction, request.id(), request.content_type());
      auto& response = *call.response.mutable_lookup_attachment();
      response.set_found(found.has_value());
      if (found)
      {
        Fill(*response.mutable_attachment(), found->attachment);
        response.set_revision(found->revision);
      }
    }

    void ListAvailableAttachments(Call& call)
    {
      FillRepeated(*call.response.mutable_list_available_attachments()->mutable_attachments(),
                   Attachments::List(call.transaction, call.request.list_available_attachments().id()));
    }

    void AddLabel(Call& call)
    {
      Labels::Add(call.transaction, call.request.add_label().id(), call.request.add_label().label());
    }

    void RemoveLabel(Call& call)
    {
      Labels::Remove(call.transaction, call.request.remove_label().id(), call.request.remove_label().label());
    }

    void ListLabels(Call& call)
    {
      const auto& request = call.request.list_labels();
      FillRepeated(*call.response.mutable_list_labels()->mutable_labels(),
                   request.single_resource() ? Labels::List(call.transaction, request.id())
                                             : Labels::ListAll(call.transaction));
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_SET_RESOURCES_CONTENT, "SET_RESOURCES_CONTENT", SetResourcesContent},
        {Messages::OPERATION_CLEAR_MAIN_DICOM_TAGS, "CLEAR_MAIN_DICOM_TAGS", ClearMainDicomTags},
        {Messages::OPERATION_GET_MAIN_DICOM_TAGS, "GET_MAIN_DICOM_TAGS", GetMainDicomTags},
        {Messages::OPERATION_SET_METADATA, "SET_METADATA", SetMetadata},
        {Messages::OPERATION_DELETE_METADATA, "DELETE_METADATA", DeleteMetadata},
        {Messages::OPERATION_LOOKUP_METADATA, "LOOKUP_METADATA", LookupMetadata},
        {Messages::OPERATION_GET_ALL_METADATA, "GET_ALL_METADATA", GetAllMetadata},
        {Messages::OPERATION_GET_CHILDREN_METADATA, "GET_CHILDREN_METADATA", GetChildrenMetadata},
        {Messages::OPERATION_ADD_ATTACHMENT, "ADD_ATTACHMENT", AddAttachment},
        {Messages::OPERATION_DELETE_ATTACHMENT, "DELETE_ATTACHMENT", DeleteAttachment},
        {Messages::OPERATION_LOOKUP_ATTACHMENT, "LOOKUP_ATTACHMENT", LookupAttachment},
        {Messages::OPERATION_LIST_AVAILABLE_ATTACHMENTS, "LIST_AVAILABLE_ATTACHMENTS",
         ListAvailableAttachments},
        {Messages::OPERATION_ADD_LABEL, "ADD_LABEL", AddLabel},
        {Messages::OPERATION_REMOVE_LABEL, "REMOVE_LABEL", RemoveLabel},
        {Messages::OPERATION_LIST_LABELS, "LIST_LABELS", ListLabels},
    };
  }

  std::span<const Operation> GetContentOperations()
  {
    return OPERATIONS;
  }
}
