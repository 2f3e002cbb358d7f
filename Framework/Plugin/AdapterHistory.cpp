// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Changes.h"
#include "Framework/Index/Exports.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
  namespace
  {
    constexpr int64_t NO_UPPER_LIMIT = -1;

    void Fill(Messages::ServerIndexChange& target, const Change& change)
    {
      target.set_seq(change.seq);
      target.set_change_type(change.changeType);
      target.set_resource_type(FromLevel(change.level));
      target.set_public_id(change.publicId);
      target.set_date(change.date);
    }

    template <typename Response>
    void FillPage(Response& response, const Changes::Page& page)
    {
      for (const Change& change : page.changes)
      {
        Fill(*response.add_changes(), change);
      }
      response.set_done(page.done);
    }

    void LogChange(Call& call)
    {
      const auto& request = call.request.log_change();
      IResourceObserver* const observer = call.extensions.resources;
      if (observer != nullptr &&
          !observer->MayLogChange(call.transaction, request.change_type(), request.resource_id()))
      {
        return;
      }
      Changes::Log(call.transaction, request.change_type(), ToLevel(request.resource_type()),
                   request.resource_id(), request.date());
    }

    void GetChanges(Call& call)
    {
      const auto& request = call.request.get_changes();
      FillPage(*call.response.mutable_get_changes(),
               Changes::Get(call.transaction, request.since(), NO_UPPER_LIMIT, {}, request.limit()));
    }

    void GetChangesExtended(Call& call)
    {
      const auto& request = call.request.get_changes_extended();
      const std::vector<int64_t> types(request.change_type().begin(), request.change_type().end());
      FillPage(*call.response.mutable_get_changes_extended(),
               Changes::Get(call.transaction, request.since(), request.to(), types, request.limit()));
    }

    void GetLastChange(Call& call)
    {
      const auto last = Changes::GetLast(call.transaction);
      auto& response = *call.response.mutable_get_last_change();
      response.set_found(last.has_value());
      if (last)
      {
        Fill(*response.mutable_change(), *last);
      }
    }

    void GetLastChangeIndex(Call& call)
    {
      call.response.mutable_get_last_change_index()->set_result(Changes::GetLastIndex(call.transaction));
    }

    void ClearChanges(Call& call)
    {
      Changes::Clear(call.transaction);
    }

    void Fill(Messages::ExportedResource& target, const ExportedResource& resource)
    {
      target.set_seq(resource.seq);
      target.set_resource_type(FromLevel(resource.level));
      target.set_public_id(resource.publicId);
      target.set_modality(resource.modality);
      target.set_date(resource.date);
      target.set_patient_id(resource.patientId);
      target.set_study_instance_uid(resource.studyInstanceUid);
      target.set_series_instance_uid(resource.seriesInstanceUid);
      target.set_sop_instance_uid(resource.sopInstanceUid);
    }

    void LogExportedResource(Call& call)
    {
      const auto& request = call.request.log_exported_resource();
      ExportedResource resource;
      resource.level = ToLevel(request.resource_type());
      resource.publicId = request.public_id();
      resource.modality = request.modality();
      resource.date = request.date();
      resource.patientId = request.patient_id();
      resource.studyInstanceUid = request.study_instance_uid();
      resource.seriesInstanceUid = request.series_instance_uid();
      resource.sopInstanceUid = request.sop_instance_uid();
      Exports::Log(call.transaction, resource);
    }

    void GetExportedResources(Call& call)
    {
      const auto& request = call.request.get_exported_resources();
      const Exports::Page page = Exports::Get(call.transaction, request.since(), request.limit());
      auto& response = *call.response.mutable_get_exported_resources();
      for (const ExportedResource& resource : page.resources)
      {
        Fill(*response.add_resources(), resource);
      }
      response.set_done(page.done);
    }

    void GetLastExportedResource(Call& call)
    {
      const auto last = Exports::GetLast(call.transaction);
      auto& response = *call.response.mutable_get_last_exported_resource();
      response.set_found(last.has_value());
      if (last)
      {
        Fill(*response.mutable_resource(), *last);
      }
    }

    void ClearExportedResources(Call& call)
    {
      Exports::Clear(call.transaction);
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_LOG_CHANGE, "LOG_CHANGE", LogChange},
        {Messages::OPERATION_GET_CHANGES, "GET_CHANGES", GetChanges},
        {Messages::OPERATION_GET_CHANGES_EXTENDED, "GET_CHANGES_EXTENDED", GetChangesExtended},
        {Messages::OPERATION_GET_LAST_CHANGE, "GET_LAST_CHANGE", GetLastChange},
        {Messages::OPERATION_GET_LAST_CHANGE_INDEX, "GET_LAST_CHANGE_INDEX", GetLastChangeIndex},
        {Messages::OPERATION_CLEAR_CHANGES, "CLEAR_CHANGES", ClearChanges},
        {Messages::OPERATION_LOG_EXPORTED_RESOURCE, "LOG_EXPORTED_RESOURCE", LogExportedResource},
        {Messages::OPERATION_GET_EXPORTED_RESOURCES, "GET_EXPORTED_RESOURCES", GetExportedResources},
        {Messages::OPERATION_GET_LAST_EXPORTED_RESOURCE, "GET_LAST_EXPORTED_RESOURCE",
         GetLastExportedResource},
        {Messages::OPERATION_CLEAR_EXPORTED_RESOURCES, "CLEAR_EXPORTED_RESOURCES", ClearExportedResources},
    };
  }

  std::span<const Operation> GetHistoryOperations()
  {
    return OPERATIONS;
  }
}
