// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/PostgreSQLCreation.h"

#include <sstream>

namespace OrthancRegistry
{
  namespace
  {
    std::vector<int64_t> ParseIds(const std::string& text)
    {
      std::istringstream stream(text);
      std::vector<int64_t> ids;
      for (int64_t id = 0; stream >> id;)
      {
        ids.push_back(id);
      }
      return ids;
    }
  }

  CreatedInstance PostgreSQLCreation::CreateInstance(Transaction& transaction, const InstancePath& path,
                                                     size_t count, std::vector<int64_t>& reserved) const
  {
    CreatedInstance created;
    try
    {
      // The ids are drawn after those that the function has given.
      transaction.QueryEach<bool, bool, bool, bool, std::optional<int64_t>, std::optional<int64_t>,
                            std::optional<int64_t>, int64_t, std::string>(
          "SELECT isNewPatient, isNewStudy, isNewSeries, isNewInstance, patientKey, studyKey, seriesKey, "
          "instanceKey, CASE WHEN $5 > 0 THEN SharedReserveResources($5) ELSE '' END "
          "FROM SharedCreateInstance($1, $2, $3, $4)",
          [&](bool isNewPatient, bool isNewStudy, bool isNewSeries, bool isNewInstance,
              const std::optional<int64_t>& patientId, const std::optional<int64_t>& studyId,
              const std::optional<int64_t>& seriesId, int64_t instanceId, const std::string& ids)
          {
            created.isNewInstance = isNewInstance;
            created.instanceId = instanceId;
            reserved = ParseIds(ids);
            if (isNewInstance)
            {
              created.isNewPatient = isNewPatient;
              created.isNewStudy = isNewStudy;
              created.isNewSeries = isNewSeries;
              created.patientId = patientId.value();
              created.studyId = studyId.value();
              created.seriesId = seriesId.value();
              created.isChangePrepared = true;
            }
          },
          path.patient, path.study, path.series, path.instance, static_cast<int64_t>(count));
    }
    catch (const ConstraintError& error)
    {
      // One of them has just been made for another patient
      throw RetryableError(error.what());
    }
    return created;
  }

  void PostgreSQLCreation::CreateInstanceLater(Transaction& transaction, const CreatedInstance& expected,
                                               const std::string& instance) const
  {
    transaction.Execute("SELECT SharedCreateExpectedInstance($1, $2, $3, $4)", expected.patientId,
                        expected.seriesId, expected.instanceId, instance);
  }
}
