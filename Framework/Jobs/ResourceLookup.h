// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IDatabase.h"
#include "Framework/Jobs/JobValidation.h"

namespace OrthancRegistry
{
  // Reads the DICOM index, in one transaction per call. Thread-safe.
  class ResourceLookup : public IResourceLookup
  {
  public:
    // The database must outlive this object.
    explicit ResourceLookup(IDatabase& database);

    std::map<std::string, IndexedResource> Find(const std::vector<std::string>& publicIds) override;

    std::optional<IndexedPatient> FindPatientOfStudy(const std::string& study) override;
    std::optional<IndexedPatient> FindPatient(const std::string& patientId) override;

  private:
    IDatabase& database_;
  };
}
