// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/Find.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
  namespace
  {
    using FindMessage = Messages::Find::Request;
    using ItemMessage = Messages::Find::Response;

    constexpr size_t PATIENT = static_cast<size_t>(ResourceLevel::Patient);
    constexpr size_t STUDY = static_cast<size_t>(ResourceLevel::Study);
    constexpr size_t SERIES = static_cast<size_t>(ResourceLevel::Series);
    constexpr size_t INSTANCE = static_cast<size_t>(ResourceLevel::Instance);

    ConstraintType ToConstraintType(Messages::ConstraintType type)
    {
      if (!Messages::ConstraintType_IsValid(type))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown type of constraint");
      }
      return static_cast<ConstraintType>(type);
    }

    LabelsConstraint ToLabelsConstraint(Messages::LabelsConstraintType type)
    {
      if (!Messages::LabelsConstraintType_IsValid(type))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown type of constraint on labels");
      }
      return static_cast<LabelsConstraint>(type);
    }

    TagKey ToTagKey(uint32_t group, uint32_t element)
    {
      return {static_cast<uint16_t>(group), static_cast<uint16_t>(element)};
    }

    TagConstraint ToTagConstraint(const Messages::DatabaseConstraint& message)
    {
      TagConstraint constraint;
      constraint.level = ToLevel(message.level());
      constraint.tag = ToTagKey(message.tag_group(), message.tag_element());
      constraint.isIdentifier = message.is_identifier_tag();
      constraint.isCaseSensitive = message.is_case_sensitive();
      constraint.isMandatory = message.is_mandatory();
      constraint.type = ToConstraintType(message.type());
      constraint.values.assign(message.values().begin(), message.values().end());
      return constraint;
    }

    MetadataConstraint ToMetadataConstraint(const Messages::DatabaseMetadataConstraint& message)
    {
      MetadataConstraint constraint;
      constraint.metadata = message.metadata();
      constraint.isCaseSensitive = message.is_case_sensitive();
      constraint.isMandatory = message.is_mandatory();
      constraint.type = ToConstraintType(message.type());
      constraint.values.assign(message.values().begin(), message.values().end());
      return constraint;
    }

    FindFilter ToFilter(const FindMessage& message)
    {
      FindFilter filter;
      filter.level = ToLevel(message.level());
      filter.orthancIds = {message.orthanc_id_patient(), message.orthanc_id_study(),
                           message.orthanc_id_series(), message.orthanc_id_instance()};
      for (const auto& constraint : message.dicom_tag_constraints())
      {
        filter.tags.push_back(ToTagConstraint(constraint));
      }
      for (const auto& constraint : message.metadata_constraints())
      {
        filter.metadata.push_back(ToMetadataConstraint(constraint));
      }
      filter.labels.assign(message.labels().begin(), message.labels().end());
      filter.labelsConstraint = ToLabelsConstraint(message.labels_constraint());
      return filter;
    }

    Ordering ToOrdering(const FindMessage::Ordering& message)
    {
      Ordering ordering;
      ordering.isMetadata = message.key_type() == Messages::ORDERING_KEY_TYPE_METADATA;
      ordering.descending = message.direction() == Messages::ORDERING_DIRECTION_DESC;
      ordering.cast = static_cast<Ordering::Cast>(message.cast());
      ordering.tag = ToTagKey(message.tag_group(), message.tag_element());
      ordering.isIdentifier = message.is_identifier_tag();
      ordering.tagLevel = ToLevel(message.tag_level());
      ordering.metadata = message.metadata();
      return ordering;
    }

    ParentRetrieval ToParentRetrieval(const FindMessage::ParentSpecification& message)
    {
      return {message.retrieve_main_dicom_tags(), message.retrieve_metadata()};
    }

    ChildrenRetrieval ToChildrenRetrieval(const FindMessage::ChildrenSpecification& message)
    {
      ChildrenRetrieval retrieval;
      retrieval.identifiers = message.retrieve_identifiers();
      retrieval.count = message.retrieve_count();
      retrieval.metadata.assign(message.retrieve_metadata().begin(), message.retrieve_metadata().end());
      for (const auto& tag : message.retrieve_main_dicom_tags())
      {
        retrieval.mainDicomTags.push_back(ToTagKey(tag.group(), tag.element()));
      }
      return retrieval;
    }

    FindRequest ToFindRequest(const FindMessage& message)
    {
      FindRequest request;
      request.filter = ToFilter(message);
      for (const auto& ordering : message.ordering())
      {
        request.ordering.push_back(ToOrdering(ordering));
      }
      if (message.has_limits())
      {
        request.limits = FindLimits{message.limits().since(), message.limits().count()};
      }
      request.mainDicomTags = message.retrieve_main_dicom_tags();
      request.metadata = message.retrieve_metadata();
      request.labels = message.retrieve_labels();
      request.attachments = message.retrieve_attachments();
      request.parentIdentifier = message.retrieve_parent_identifier();
      request.oneInstance = message.retrieve_one_instance_metadata_and_attachments();
      request.parents[PATIENT] = ToParentRetrieval(message.parent_patient());
      request.parents[STUDY] = ToParentRetrieval(message.parent_study());
      request.parents[SERIES] = ToParentRetrieval(message.parent_series());
      request.children[STUDY] = ToChildrenRetrieval(message.children_studies());
      request.children[SERIES] = ToChildrenRetrieval(message.children_series());
      request.children[INSTANCE] = ToChildrenRetrieval(message.children_instances());
      return request;
    }

    template <typename Container>
    void FillTags(Container& target, std::vector<TagValue>& tags)
    {
      for (TagValue& tag : tags)
      {
        auto& message = *target.Add();
        message.set_group(tag.group);
        message.set_element(tag.element);
        message.set_value(std::move(tag.value));
      }
    }

    template <typename Container>
    void FillMetadata(Container& target, std::vector<MetadataValue>& metadata)
    {
      for (MetadataValue& item : metadata)
      {
        auto& message = *target.Add();
        message.set_key(item.type);
        message.set_value(std::move(item.value));
        message.set_revision(item.revision);
      }
    }

    void FillContent(ItemMessage::ResourceContent& target, ResourceContent& content)
    {
      FillTags(*target.mutable_main_dicom_tags(), content.mainDicomTags);
      FillMetadata(*target.mutable_metadata(), content.metadata);
    }

    void FillChildren(ItemMessage::ChildrenContent& target, ChildrenContent& children)
    {
      FillRepeated(*target.mutable_identifiers(), children.identifiers);
      FillTags(*target.mutable_main_dicom_tags(), children.mainDicomTags);
      FillMetadata(*target.mutable_metadata(), children.metadata);
      target.set_count(children.count == 0 ? children.identifiers.size() : children.count);
    }

    void FillItem(ItemMessage& target, FoundItem& item)
    {
      target.set_internal_id(item.id);
      target.set_public_id(item.publicId);
      target.set_parent_public_id(item.parentPublicId);
      FillRepeated(*target.mutable_labels(), item.labels);
      for (const AttachmentWithRevision& attachment : item.attachments)
      {
        Fill(*target.add_attachments(), attachment.attachment);
        target.add_attachments_revisions(attachment.revision);
      }
      FillContent(*target.mutable_patient_content(), item.contents[PATIENT]);
      FillContent(*target.mutable_study_content(), item.contents[STUDY]);
      FillContent(*target.mutable_series_content(), item.contents[SERIES]);
      FillContent(*target.mutable_instance_content(), item.contents[INSTANCE]);
      FillChildren(*target.mutable_children_studies_content(), item.children[STUDY]);
      FillChildren(*target.mutable_children_series_content(), item.children[SERIES]);
      FillChildren(*target.mutable_children_instances_content(), item.children[INSTANCE]);
      target.set_one_instance_public_id(item.oneInstancePublicId);
      FillMetadata(*target.mutable_one_instance_metadata(), item.oneInstanceMetadata);
      for (const Attachment& attachment : item.oneInstanceAttachments)
      {
        Fill(*target.add_one_instance_attachments(), attachment);
      }
    }

    void Find(Call& call)
    {
      const FindRequest request = ToFindRequest(call.request.find());
      if (call.extensions.resources != nullptr)
      {
        call.extensions.resources->OnFind(call.transaction, request.filter.level);
      }
      for (FoundItem& item : FindResources(call.transaction, request))
      {
        FillItem(*call.response.add_find(), item);
      }
    }

    void CountResources(Call& call)
    {
      // Cores up to 1.13.0 at least put the filter into the sub-message of another operation
      const FindMessage& message =
          call.request.has_count_resources() ? call.request.count_resources() : call.request.find();
      call.response.mutable_count_resources()->set_count(
          OrthancRegistry::CountResources(call.transaction, ToFilter(message)));
    }

    void LookupResources(Call& call)
    {
      const auto& request = call.request.lookup_resources();
      FindFilter filter;
      filter.level = ToLevel(request.query_level());
      for (const auto& constraint : request.lookup())
      {
        filter.tags.push_back(ToTagConstraint(constraint));
      }
      filter.labels.assign(request.labels().begin(), request.labels().end());
      filter.labelsConstraint = ToLabelsConstraint(request.labels_constraint());
      const LookupAnswer answer = OrthancRegistry::LookupResources(call.transaction, filter, request.limit(),
                                                                   request.retrieve_instances_ids());
      auto& response = *call.response.mutable_lookup_resources();
      FillRepeated(*response.mutable_resources_ids(), answer.resources);
      FillRepeated(*response.mutable_instances_ids(), answer.instances);
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_FIND, "FIND", Find},
        {Messages::OPERATION_COUNT_RESOURCES, "COUNT_RESOURCES", CountResources},
        {Messages::OPERATION_LOOKUP_RESOURCES, "LOOKUP_RESOURCES", LookupResources},
    };
  }

  std::span<const Operation> GetFindOperations()
  {
    return OPERATIONS;
  }
}
