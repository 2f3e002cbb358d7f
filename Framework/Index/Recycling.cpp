// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Recycling.h"

namespace OrthancRegistry::Recycling
{
  namespace
  {
    constexpr int64_t NOBODY = -1;
  }

  bool IsProtected(IndexTransaction& t, int64_t patient)
  {
    return t.transaction.QueryValue<bool>(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM Metadata WHERE id = $1 AND type = 18 AND value = 'true') "
        "THEN 1 ELSE 0 END",
        patient);
  }

  void SetProtected(IndexTransaction& t, int64_t patient, bool isProtected)
  {
    t.Hold(patient);
    t.resources.SetFilled(patient);
    if (isProtected)
    {
      t.transaction.Execute("INSERT INTO Metadata (id, type, value, revision) VALUES ($1, 18, 'true', 0) "
                            "ON CONFLICT (id, type) DO UPDATE SET value = EXCLUDED.value",
                            patient);
    }
    else if (t.transaction.ExecuteCounted("DELETE FROM Metadata WHERE id = $1 AND type = 18", patient) > 0)
    {
      t.dialect.TouchPatient(t.transaction, patient);
    }
  }

  std::optional<int64_t> SelectPatient(IndexTransaction& t, const std::optional<int64_t>& avoid)
  {
    return t.dialect.SelectPatientToRecycle(t.transaction, avoid.value_or(NOBODY));
  }
}
