// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Resources.h"

#include "Framework/Index/KnownSeries.h"

#include <limits>

namespace OrthancRegistry::Resources
{
  namespace
  {
    // Internal ids say nothing to an administrator, but they are all there is.
    [[noreturn]] void ThrowUnknown(int64_t id)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          "No resource has the internal id " + std::to_string(id));
    }

    // Who creates below a patient keeps everybody from deleting there.
    void Keep(HeldResources& resources, int64_t id, bool isNew)
    {
      isNew ? resources.HoldNew(id) : resources.Hold(id);
    }

    void RememberIfCommitted(IndexTransaction& t, const InstancePath& path, const CreatedInstance& created)
    {
      t.endHandlers.emplace_back(
          [known = t.knownSeries, series = path.series, created](bool isCommitted)
          {
            isCommitted ? known->Remember(series, created) : known->Distrust(series);
          });
    }

    CreatedInstance CreateInstance(IndexTransaction& t, const InstancePath& path)
    {
      const ILateCreation* const late = t.dialect.GetLateCreation();
      if (t.knownSeries == nullptr || late == nullptr || !KnownSeries::TakeAbsent(path.instance))
      {
        return t.dialect.CreateInstance(t.transaction, path.patient, path.study, path.series, path.instance);
      }
      if (const auto expected = t.knownSeries->Expect(path.series))
      {
        RememberIfCommitted(t, path, *expected);
        late->CreateInstanceLater(t.transaction, *expected, path.instance);
        return *expected;
      }
      std::vector<int64_t> reserved;
      const CreatedInstance created =
          late->CreateInstance(t.transaction, path, t.knownSeries->CountIdsToReserve(), reserved);
      t.knownSeries->SetIds(reserved);
      if (created.isNewInstance)
      {
        RememberIfCommitted(t, path, created);
      }
      return created;
    }
  }

  CreatedInstance CreateInstance(IndexTransaction& t, const std::string& patient, const std::string& study,
                                 const std::string& series, const std::string& instance)
  {
    const CreatedInstance created = CreateInstance(t, {patient, study, series, instance});
    if (created.isNewInstance)
    {
      Keep(t.resources, created.patientId, created.isNewPatient);
      Keep(t.resources, created.studyId, created.isNewStudy);
      Keep(t.resources, created.seriesId, created.isNewSeries);
      Keep(t.resources, created.instanceId, true);
      t.changePrepared = t.changePrepared || created.isChangePrepared;
    }
    return created;
  }

  DeletedResources DeleteResource(IndexTransaction& t, int64_t id)
  {
    t.resources.Forget();
    DeletedResources deleted = t.dialect.DeleteResource(t.transaction, id);
    for (const ResourceReference& resource : deleted.resources)
    {
      if (t.knownSeries != nullptr && resource.level == ResourceLevel::Series)
      {
        t.knownSeries->Forget(resource.publicId);
      }
    }
    return deleted;
  }

  std::optional<FoundResource> Lookup(IndexTransaction& t, const std::string& publicId)
  {
    const auto row = t.transaction.QueryOptional<int64_t, ResourceLevel>(
        "SELECT internalId, resourceType FROM Resources WHERE publicId = $1", publicId);
    if (!row)
    {
      return std::nullopt;
    }
    const auto& [id, level] = *row;
    return FoundResource{id, level};
  }

  std::optional<FoundResourceAndParent> LookupWithParent(IndexTransaction& t, const std::string& publicId)
  {
    auto row = t.transaction.QueryOptional<int64_t, ResourceLevel, std::string>(
        "SELECT r.internalId, r.resourceType, COALESCE(p.publicId, '') "
        "FROM Resources r LEFT JOIN Resources p ON p.internalId = r.parentId WHERE r.publicId = $1",
        publicId);
    if (!row)
    {
      return std::nullopt;
    }
    auto& [id, level, parent] = *row;
    return FoundResourceAndParent{id, level, std::move(parent)};
  }

  std::optional<int64_t> LookupParent(IndexTransaction& t, int64_t id)
  {
    const auto row = t.transaction.QueryOptional<std::optional<int64_t>>(
        "SELECT parentId FROM Resources WHERE internalId = $1", id);
    return row ? std::get<0>(*row) : std::nullopt;
  }

  std::string GetPublicId(IndexTransaction& t, int64_t id)
  {
    auto row =
        t.transaction.QueryOptional<std::string>("SELECT publicId FROM Resources WHERE internalId = $1", id);
    if (!row)
    {
      ThrowUnknown(id);
    }
    return std::get<0>(std::move(*row));
  }

  ResourceLevel GetLevel(IndexTransaction& t, int64_t id)
  {
    const auto row = t.transaction.QueryOptional<ResourceLevel>(
        "SELECT resourceType FROM Resources WHERE internalId = $1", id);
    if (!row)
    {
      ThrowUnknown(id);
    }
    return std::get<0>(*row);
  }

  std::vector<int64_t> GetChildrenInternalIds(IndexTransaction& t, int64_t id)
  {
    std::vector<int64_t> children;
    t.transaction.QueryEach<int64_t>(
        "SELECT internalId FROM Resources WHERE parentId = $1 ORDER BY internalId",
        [&children](int64_t child)
        {
          children.push_back(child);
        },
        id);
    return children;
  }

  std::vector<std::string> GetChildrenPublicIds(IndexTransaction& t, int64_t id)
  {
    std::vector<std::string> children;
    t.transaction.QueryEach<std::string>(
        "SELECT publicId FROM Resources WHERE parentId = $1 ORDER BY internalId",
        [&children](std::string child)
        {
          children.push_back(std::move(child));
        },
        id);
    return children;
  }

  std::vector<std::string> GetAllPublicIds(IndexTransaction& t, ResourceLevel level, int64_t since,
                                           uint32_t limit)
  {
    // The order is that of the bytes in the schema we make, and the same for all ids of Orthanc (digits,
    // letters from a to f and dashes at fixed places) in any other one.
    const int64_t count = limit == 0 ? std::numeric_limits<int64_t>::max() : limit;
    std::vector<std::string> ids;
    t.transaction.QueryEach<std::string>(
        "SELECT publicId FROM Resources WHERE resourceType = $1 ORDER BY publicId LIMIT $2 OFFSET $3",
        [&ids](std::string id)
        {
          ids.push_back(std::move(id));
        },
        level, count, since);
    return ids;
  }
}
