// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Exports.h"

#include <limits>

namespace OrthancRegistry::Exports
{
  namespace
  {
    auto AppendTo(std::vector<ExportedResource>& resources)
    {
      return [&resources](int64_t seq, ResourceLevel level, std::string publicId, std::string modality,
                          std::string date, std::string patientId, std::string studyInstanceUid,
                          std::string seriesInstanceUid, std::string sopInstanceUid)
      {
        resources.push_back({seq, level, std::move(publicId), std::move(modality), std::move(date),
                             std::move(patientId), std::move(studyInstanceUid), std::move(seriesInstanceUid),
                             std::move(sopInstanceUid)});
      };
    }
  }

  void Log(IndexTransaction& t, const ExportedResource& resource)
  {
    t.dialect.PrepareExport(t.transaction);
    t.transaction.Execute("INSERT INTO ExportedResources (resourceType, publicId, remoteModality, patientId, "
                          "studyInstanceUid, seriesInstanceUid, sopInstanceUid, date) "
                          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                          resource.level, resource.publicId, resource.modality, resource.patientId,
                          resource.studyInstanceUid, resource.seriesInstanceUid, resource.sopInstanceUid,
                          resource.date);
  }

  Page Get(IndexTransaction& t, int64_t since, uint32_t limit)
  {
    // One more than asked tells whether there are others.
    const int64_t count = limit == 0 ? std::numeric_limits<int64_t>::max() : static_cast<int64_t>(limit) + 1;

    Page page;
    t.transaction.QueryEach<int64_t, ResourceLevel, std::string, std::string, std::string, std::string,
                            std::string, std::string, std::string>(
        "SELECT seq, resourceType, publicId, COALESCE(remoteModality, ''), COALESCE(date, ''), "
        "COALESCE(patientId, ''), COALESCE(studyInstanceUid, ''), COALESCE(seriesInstanceUid, ''), "
        "COALESCE(sopInstanceUid, '') FROM ExportedResources WHERE seq > $1 ORDER BY seq LIMIT $2",
        AppendTo(page.resources), since, count);
    page.done = limit == 0 || page.resources.size() <= limit;
    if (!page.done)
    {
      page.resources.pop_back();
    }
    return page;
  }

  std::optional<ExportedResource> GetLast(IndexTransaction& t)
  {
    std::vector<ExportedResource> resources;
    t.transaction.QueryEach<int64_t, ResourceLevel, std::string, std::string, std::string, std::string,
                            std::string, std::string, std::string>(
        "SELECT seq, resourceType, publicId, COALESCE(remoteModality, ''), COALESCE(date, ''), "
        "COALESCE(patientId, ''), COALESCE(studyInstanceUid, ''), COALESCE(seriesInstanceUid, ''), "
        "COALESCE(sopInstanceUid, '') FROM ExportedResources ORDER BY seq DESC LIMIT 1",
        AppendTo(resources));
    return resources.empty() ? std::nullopt : std::make_optional(std::move(resources.front()));
  }

  void Clear(IndexTransaction& t)
  {
    t.transaction.Execute("DELETE FROM ExportedResources");
  }
}
