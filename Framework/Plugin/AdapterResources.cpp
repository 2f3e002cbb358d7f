// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Resources.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
  namespace
  {
    void CreateInstance(Call& call)
    {
      const auto& request = call.request.create_instance();
      const CreatedInstance created = Resources::CreateInstance(
          call.transaction, request.patient(), request.study(), request.series(), request.instance());
      auto& response = *call.response.mutable_create_instance();
      response.set_is_new_instance(created.isNewInstance);
      response.set_instance_id(created.instanceId);
      if (created.isNewInstance)
      {
        if (call.extensions.resources != nullptr)
        {
          call.extensions.resources->OnInstanceCreated(
              call.transaction, {request.patient(), request.study(), request.series(), request.instance()},
              created);
        }
        response.set_is_new_patient(created.isNewPatient);
        response.set_is_new_study(created.isNewStudy);
        response.set_is_new_series(created.isNewSeries);
        response.set_patient_id(created.patientId);
        response.set_study_id(created.studyId);
        response.set_series_id(created.seriesId);
      }
    }

    void Fill(Messages::DeleteResource::Response::Resource& target, const ResourceReference& resource)
    {
      target.set_level(FromLevel(resource.level));
      target.set_public_id(resource.publicId);
    }

    void DeleteResource(Call& call)
    {
      const DeletedResources deleted =
          Resources::DeleteResource(call.transaction, call.request.delete_resource().id());
      auto& response = *call.response.mutable_delete_resource();
      for (const Attachment& attachment : deleted.attachments)
      {
        Adapter::Fill(*response.add_deleted_attachments(), attachment);
      }
      for (const ResourceReference& resource : deleted.resources)
      {
        Fill(*response.add_deleted_resources(), resource);
      }
      if (deleted.remainingAncestor)
      {
        response.set_is_remaining_ancestor(true);
        Fill(*response.mutable_remaining_ancestor(), *deleted.remainingAncestor);
      }
    }

    void LookupResource(Call& call)
    {
      auto found = Resources::Lookup(call.transaction, call.request.lookup_resource().public_id());
      IResourceObserver* const observer = call.extensions.resources;
      if (found && observer != nullptr && observer->IsHidden(call.transaction, found->id))
      {
        found.reset();
      }
      auto& response = *call.response.mutable_lookup_resource();
      response.set_found(found.has_value());
      if (found)
      {
        response.set_internal_id(found->id);
        response.set_type(FromLevel(found->level));
      }
    }

    void LookupResourceAndParent(Call& call)
    {
      const auto found = Resources::LookupWithParent(call.transaction,
                                                     call.request.lookup_resource_and_parent().public_id());
      auto& response = *call.response.mutable_lookup_resource_and_parent();
      response.set_found(found.has_value());
      if (found)
      {
        response.set_id(found->id);
        response.set_type(FromLevel(found->level));
        response.set_parent_public_id(found->parentPublicId);
      }
    }

    void LookupParent(Call& call)
    {
      const auto parent = Resources::LookupParent(call.transaction, call.request.lookup_parent().id());
      auto& response = *call.response.mutable_lookup_parent();
      response.set_found(parent.has_value());
      response.set_parent(parent.value_or(0));
    }

    void GetPublicId(Call& call)
    {
      call.response.mutable_get_public_id()->set_id(
          Resources::GetPublicId(call.transaction, call.request.get_public_id().id()));
    }

    void GetResourceType(Call& call)
    {
      call.response.mutable_get_resource_type()->set_type(
          FromLevel(Resources::GetLevel(call.transaction, call.request.get_resource_type().id())));
    }

    void GetChildrenInternalId(Call& call)
    {
      FillRepeated(
          *call.response.mutable_get_children_internal_id()->mutable_ids(),
          Resources::GetChildrenInternalIds(call.transaction, call.request.get_children_internal_id().id()));
    }

    void GetChildrenPublicId(Call& call)
    {
      FillRepeated(
          *call.response.mutable_get_children_public_id()->mutable_ids(),
          Resources::GetChildrenPublicIds(call.transaction, call.request.get_children_public_id().id()));
    }

    void GetAllPublicIds(Call& call)
    {
      const ResourceLevel level = ToLevel(call.request.get_all_public_ids().resource_type());
      FillRepeated(*call.response.mutable_get_all_public_ids()->mutable_ids(),
                   Resources::GetAllPublicIds(call.transaction, level, 0, 0));
    }

    void GetAllPublicIdsWithLimits(Call& call)
    {
      const auto& request = call.request.get_all_public_ids_with_limits();
      FillRepeated(*call.response.mutable_get_all_public_ids_with_limits()->mutable_ids(),
                   Resources::GetAllPublicIds(call.transaction, ToLevel(request.resource_type()),
                                              request.since(), request.limit()));
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_CREATE_INSTANCE, "CREATE_INSTANCE", CreateInstance},
        {Messages::OPERATION_DELETE_RESOURCE, "DELETE_RESOURCE", DeleteResource},
        {Messages::OPERATION_LOOKUP_RESOURCE, "LOOKUP_RESOURCE", LookupResource},
        {Messages::OPERATION_LOOKUP_RESOURCE_AND_PARENT, "LOOKUP_RESOURCE_AND_PARENT",
         LookupResourceAndParent},
        {Messages::OPERATION_LOOKUP_PARENT, "LOOKUP_PARENT", LookupParent},
        {Messages::OPERATION_GET_PUBLIC_ID, "GET_PUBLIC_ID", GetPublicId},
        {Messages::OPERATION_GET_RESOURCE_TYPE, "GET_RESOURCE_TYPE", GetResourceType},
        {Messages::OPERATION_GET_CHILDREN_INTERNAL_ID, "GET_CHILDREN_INTERNAL_ID", GetChildrenInternalId},
        {Messages::OPERATION_GET_CHILDREN_PUBLIC_ID, "GET_CHILDREN_PUBLIC_ID", GetChildrenPublicId},
        {Messages::OPERATION_GET_ALL_PUBLIC_IDS, "GET_ALL_PUBLIC_IDS", GetAllPublicIds},
        {Messages::OPERATION_GET_ALL_PUBLIC_IDS_WITH_LIMITS, "GET_ALL_PUBLIC_IDS_WITH_LIMITS",
         GetAllPublicIdsWithLimits},
    };
  }

  std::span<const Operation> GetResourceOperations()
  {
    return OPERATIONS;
  }
}
