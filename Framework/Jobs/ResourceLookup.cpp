// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ResourceLookup.h"

#include "Framework/Database/Retry.h"
#include "Framework/Jobs/JobBody.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int GROUP_BITS = 16;

    // As the core writes an identifier into the index; empty if it holds more than ASCII, which the core
    // converts
    std::string NormalizeIdentifier(const std::string& value)
    {
      std::string normalized(StripSpaces(value));
      for (char& c : normalized)
      {
        if (static_cast<unsigned char>(c) > 127 || c == '\0')
        {
          return "";
        }
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      return normalized;
    }

    IndexedPatient ReadPatient(Transaction& transaction, int64_t id)
    {
      IndexedPatient patient;
      transaction.QueryLater<uint32_t, uint32_t, std::optional<std::string>>(
          "SELECT tagGroup, tagElement, value FROM MainDicomTags WHERE id = $1",
          [&patient](uint32_t group, uint32_t element, const std::optional<std::string>& value)
          {
            patient.tags[(group << GROUP_BITS) | element] = value.value_or("");
          },
          id);
      transaction.QueryLater<std::string>(
          "SELECT publicId FROM Resources WHERE parentId = $1 ORDER BY publicId",
          [&patient](const std::string& study)
          {
            patient.studies.push_back(study);
          },
          id);
      transaction.Flush();
      return patient;
    }
  }

  ResourceLookup::ResourceLookup(IDatabase& database) : database_(database)
  {
  }

  std::map<std::string, IndexedResource> ResourceLookup::Find(const std::vector<std::string>& publicIds)
  {
    // A client chose these texts: anything else than an identifier cannot exist
    std::vector<std::string> wellFormed;
    std::copy_if(publicIds.begin(), publicIds.end(), std::back_inserter(wellFormed), IsPublicId);
    if (wellFormed.empty())
    {
      return {};
    }

    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          std::map<std::string, IndexedResource> found;
          transaction.QueryEach<std::string, ResourceLevel, std::optional<std::string>>(
              "SELECT child.publicId, child.resourceType, parent.publicId FROM Resources AS child "
              "LEFT JOIN Resources AS parent ON parent.internalId = child.parentId "
              "WHERE child.publicId = ANY($1)",
              [&](const std::string& id, ResourceLevel level, const std::optional<std::string>& parent)
              {
                found[id] = IndexedResource{level, parent.value_or("")};
              },
              wellFormed);
          return found;
        });
  }

  std::optional<IndexedPatient> ResourceLookup::FindPatientOfStudy(const std::string& study)
  {
    if (!IsPublicId(study))
    {
      return std::nullopt;
    }
    return RunTransaction(database_, AccessMode::ReadOnly,
                          [&](Transaction& transaction)
                          {
                            const auto patient = transaction.QueryOptional<int64_t>(
                                "SELECT parentId FROM Resources WHERE publicId = $1 AND resourceType = 1 "
                                "AND parentId IS NOT NULL",
                                study);
                            return patient
                                       ? std::make_optional(ReadPatient(transaction, std::get<0>(*patient)))
                                       : std::nullopt;
                          });
  }

  std::optional<IndexedPatient> ResourceLookup::FindPatient(const std::string& patientId)
  {
    const std::string identifier = NormalizeIdentifier(patientId);
    if (identifier.empty())
    {
      return std::nullopt;
    }
    return RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction)
        {
          const auto patients = transaction.Query<int64_t>(
              "SELECT patient.internalId FROM DicomIdentifiers AS identifier "
              "INNER JOIN Resources AS patient ON patient.internalId = identifier.id "
              "WHERE identifier.tagGroup = 16 AND identifier.tagElement = 32 AND identifier.value = $1 "
              "AND patient.resourceType = 0 ORDER BY patient.internalId LIMIT 1",
              identifier);
          return patients.empty()
                     ? std::nullopt
                     : std::make_optional(ReadPatient(transaction, std::get<0>(patients.front())));
        });
  }
}
