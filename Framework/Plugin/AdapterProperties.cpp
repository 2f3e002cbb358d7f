// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Properties.h"
#include "Framework/Index/Recycling.h"
#include "Framework/Index/StatisticsQueries.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
  namespace
  {
    constexpr int PROPERTY_JOBS_REGISTRY = 5; // of the core, one per server

    void LookupGlobalProperty(Call& call)
    {
      const auto& request = call.request.lookup_global_property();
      IPropertyOwner* const owner = call.extensions.properties;
      auto value = owner != nullptr && owner->Owns(request.server_id(), request.property())
                       ? owner->Lookup(call.transaction, request.server_id(), request.property())
                       : Properties::Lookup(call.transaction, request.server_id(), request.property());
      auto& response = *call.response.mutable_lookup_global_property();
      response.set_found(value.has_value());
      if (!value)
      {
        return;
      }
      if (request.property() == PROPERTY_JOBS_REGISTRY && call.savedJobs.onLoad)
      {
        value = call.savedJobs.onLoad(request.server_id(), *value);
      }
      response.set_value(std::move(*value));
    }

    void SetGlobalProperty(Call& call)
    {
      const auto& request = call.request.set_global_property();
      IPropertyOwner* const owner = call.extensions.properties;
      if (owner != nullptr && owner->Owns(request.server_id(), request.property()))
      {
        owner->Set(call.transaction, request.server_id(), request.property(), request.value());
        return;
      }
      const bool isFiltered = request.property() == PROPERTY_JOBS_REGISTRY && call.savedJobs.onSave;
      Properties::Set(call.transaction, request.server_id(), request.property(),
                      isFiltered ? call.savedJobs.onSave(request.server_id(), request.value())
                                 : request.value());
    }

    void IncrementGlobalProperty(Call& call)
    {
      const auto& request = call.request.increment_global_property();
      call.response.mutable_increment_global_property()->set_new_value(Properties::Increment(
          call.transaction, request.server_id(), request.property(), request.increment()));
    }

    void UpdateAndGetStatistics(Call& call)
    {
      const Statistics statistics = StatisticsQueries::GetAll(call.transaction);
      auto& response = *call.response.mutable_update_and_get_statistics();
      response.set_patients_count(statistics.patients);
      response.set_studies_count(statistics.studies);
      response.set_series_count(statistics.series);
      response.set_instances_count(statistics.instances);
      response.set_total_compressed_size(statistics.compressedSize);
      response.set_total_uncompressed_size(statistics.uncompressedSize);
    }

    void GetResourcesCount(Call& call)
    {
      const ResourceLevel level = ToLevel(call.request.get_resources_count().type());
      call.response.mutable_get_resources_count()->set_count(
          static_cast<uint64_t>(StatisticsQueries::GetResourcesCount(call.transaction, level)));
    }

    void GetTotalCompressedSize(Call& call)
    {
      call.response.mutable_get_total_compressed_size()->set_size(
          static_cast<uint64_t>(StatisticsQueries::GetTotalCompressedSize(call.transaction)));
    }

    void GetTotalUncompressedSize(Call& call)
    {
      call.response.mutable_get_total_uncompressed_size()->set_size(
          static_cast<uint64_t>(StatisticsQueries::GetTotalUncompressedSize(call.transaction)));
    }

    void IsDiskSizeAbove(Call& call)
    {
      call.response.mutable_is_disk_size_above()->set_result(StatisticsQueries::IsDiskSizeAbove(
          call.transaction, call.request.is_disk_size_above().threshold()));
    }

    void IsProtectedPatient(Call& call)
    {
      call.response.mutable_is_protected_patient()->set_protected_patient(
          Recycling::IsProtected(call.transaction, call.request.is_protected_patient().patient_id()));
    }

    void SetProtectedPatient(Call& call)
    {
      const auto& request = call.request.set_protected_patient();
      Recycling::SetProtected(call.transaction, request.patient_id(), request.protected_patient());
    }

    template <typename Response>
    void FillPatient(Response& response, const std::optional<int64_t>& patient)
    {
      response.set_found(patient.has_value());
      response.set_patient_id(patient.value_or(0));
    }

    void SelectPatientToRecycle(Call& call)
    {
      FillPatient(*call.response.mutable_select_patient_to_recycle(),
                  Recycling::SelectPatient(call.transaction, std::nullopt));
    }

    void SelectPatientToRecycleWithAvoid(Call& call)
    {
      const auto& request = call.request.select_patient_to_recycle_with_avoid();
      FillPatient(*call.response.mutable_select_patient_to_recycle_with_avoid(),
                  Recycling::SelectPatient(call.transaction, request.patient_id_to_avoid()));
    }

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_LOOKUP_GLOBAL_PROPERTY, "LOOKUP_GLOBAL_PROPERTY", LookupGlobalProperty},
        {Messages::OPERATION_SET_GLOBAL_PROPERTY, "SET_GLOBAL_PROPERTY", SetGlobalProperty},
        {Messages::OPERATION_INCREMENT_GLOBAL_PROPERTY, "INCREMENT_GLOBAL_PROPERTY", IncrementGlobalProperty},
        {Messages::OPERATION_UPDATE_AND_GET_STATISTICS, "UPDATE_AND_GET_STATISTICS", UpdateAndGetStatistics},
        {Messages::OPERATION_GET_RESOURCES_COUNT, "GET_RESOURCES_COUNT", GetResourcesCount},
        {Messages::OPERATION_GET_TOTAL_COMPRESSED_SIZE, "GET_TOTAL_COMPRESSED_SIZE", GetTotalCompressedSize},
        {Messages::OPERATION_GET_TOTAL_UNCOMPRESSED_SIZE, "GET_TOTAL_UNCOMPRESSED_SIZE",
         GetTotalUncompressedSize},
        {Messages::OPERATION_IS_DISK_SIZE_ABOVE, "IS_DISK_SIZE_ABOVE", IsDiskSizeAbove},
        {Messages::OPERATION_IS_PROTECTED_PATIENT, "IS_PROTECTED_PATIENT", IsProtectedPatient},
        {Messages::OPERATION_SET_PROTECTED_PATIENT, "SET_PROTECTED_PATIENT", SetProtectedPatient},
        {Messages::OPERATION_SELECT_PATIENT_TO_RECYCLE, "SELECT_PATIENT_TO_RECYCLE", SelectPatientToRecycle},
        {Messages::OPERATION_SELECT_PATIENT_TO_RECYCLE_WITH_AVOID, "SELECT_PATIENT_TO_RECYCLE_WITH_AVOID",
         SelectPatientToRecycleWithAvoid},
    };
  }

  std::span<const Operation> GetPropertyOperations()
  {
    return OPERATIONS;
  }
}
