// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "UnitTests/Index/FindModel.h"
#include "UnitTests/TestDatabases.h"

namespace OrthancRegistry::Testing
{
  constexpr Tag PATIENT_ID(0x0010, 0x0020);
  constexpr Tag PATIENT_NAME(0x0010, 0x0010);
  constexpr Tag STUDY_DATE(0x0008, 0x0020);
  constexpr Tag STUDY_DESCRIPTION(0x0008, 0x1030);
  constexpr Tag MODALITY(0x0008, 0x0060);
  constexpr Tag INSTANCE_NUMBER(0x0020, 0x0013);

  // An index of the engine, filled from a model
  class FindTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Index");
    }

    void Store()
    {
      Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
      model_.Store(transaction);
      transaction.Commit();
    }

    // Patients with the public ids p1, p2, ... (tag PatientName), each as the only child of nobody
    void AddPatient(const std::string& publicId, const std::optional<std::string>& name)
    {
      Node& node = model_.Add(ResourceLevel::Patient, publicId);
      if (name)
      {
        node.tags[PATIENT_NAME] = *name;
      }
    }

    std::vector<FoundItem> Find(const FindRequest& request)
    {
      IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
      std::vector<FoundItem> found = FindResources(t, request);
      t.transaction.Commit();
      return found;
    }

    std::vector<std::string> FindIds(const FindRequest& request)
    {
      std::vector<std::string> ids;
      for (const FoundItem& item : Find(request))
      {
        ids.push_back(item.publicId);
      }
      return ids;
    }

    std::vector<std::string> FindIds(const FindFilter& filter)
    {
      FindRequest request;
      request.filter = filter;
      return FindIds(request);
    }

    uint64_t Count(const FindFilter& filter)
    {
      IndexTransaction t(GetDatabase(), database_->GetDialect(), AccessMode::ReadOnly);
      return CountResources(t, filter);
    }

    FindModel model_;
  };

  inline FindFilter MakeFilter(ResourceLevel level)
  {
    FindFilter filter;
    filter.level = level;
    return filter;
  }

  inline TagConstraint MakeConstraint(ResourceLevel level, const Tag& tag, ConstraintType type,
                                      const std::vector<std::string>& values)
  {
    TagConstraint constraint;
    constraint.level = level;
    constraint.tag = {tag.first, tag.second};
    constraint.type = type;
    constraint.values = values;
    return constraint;
  }

  inline Ordering OrderByTag(ResourceLevel level, const Tag& tag, bool descending = false,
                             Ordering::Cast cast = Ordering::Cast::String)
  {
    Ordering ordering;
    ordering.tagLevel = level;
    ordering.tag = {tag.first, tag.second};
    ordering.descending = descending;
    ordering.cast = cast;
    return ordering;
  }

  inline Ordering OrderByMetadata(int metadata, bool descending = false,
                                  Ordering::Cast cast = Ordering::Cast::String)
  {
    Ordering ordering;
    ordering.isMetadata = true;
    ordering.metadata = metadata;
    ordering.descending = descending;
    ordering.cast = cast;
    return ordering;
  }
}
