// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/CopySteps.h"

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr Column INTERNAL_ID = {"internalId", CellType::Integer};
    constexpr Column RESOURCE_TYPE = {"resourceType", CellType::Integer};
    constexpr Column PUBLIC_ID = {"publicId", CellType::Text};
    constexpr Column PARENT_ID = {"parentId", CellType::Integer};
    constexpr Column ID = {"id", CellType::Integer};
    constexpr Column GROUP = {"tagGroup", CellType::Integer};
    constexpr Column ELEMENT = {"tagElement", CellType::Integer};
    constexpr Column VALUE = {"value", CellType::Text};
    constexpr Column BYTES = {"value", CellType::Binary};
    constexpr Column TYPE = {"type", CellType::Integer};
    constexpr Column REVISION = {"revision", CellType::Integer};
    constexpr Column SEQUENCE = {"seq", CellType::Integer};
    constexpr Column DATE = {"date", CellType::Text};
    constexpr Column PROPERTY = {"property", CellType::Integer};

    // One level after the other, because the core gives a child its number before its parent.
    void AddResources(std::vector<CopyStep>& steps)
    {
      const std::vector<Column> below = {INTERNAL_ID, RESOURCE_TYPE, PUBLIC_ID, PARENT_ID};
      steps.push_back({"Patients",
                       "Resources",
                       {INTERNAL_ID, RESOURCE_TYPE, PUBLIC_ID},
                       "SELECT internalId, internalId, 0, publicId FROM Resources "
                       "WHERE resourceType = 1 AND internalId > ?1 ORDER BY internalId",
                       "SELECT COUNT(*) FROM Resources WHERE resourceType = 1",
                       "resourceType = 0"});
      steps.push_back({"Studies", "Resources", below,
                       "SELECT internalId, internalId, 1, publicId, parentId FROM Resources "
                       "WHERE resourceType = 2 AND internalId > ?1 ORDER BY internalId",
                       "SELECT COUNT(*) FROM Resources WHERE resourceType = 2", "resourceType = 1"});
      steps.push_back({"Series", "Resources", below,
                       "SELECT internalId, internalId, 2, publicId, parentId FROM Resources "
                       "WHERE resourceType = 3 AND internalId > ?1 ORDER BY internalId",
                       "SELECT COUNT(*) FROM Resources WHERE resourceType = 3", "resourceType = 2"});
      steps.push_back({"Instances", "Resources", below,
                       "SELECT internalId, internalId, 3, publicId, parentId FROM Resources "
                       "WHERE resourceType = 4 AND internalId > ?1 ORDER BY internalId",
                       "SELECT COUNT(*) FROM Resources WHERE resourceType = 4", "resourceType = 3"});
    }

    void AddTags(std::vector<CopyStep>& steps)
    {
      steps.push_back({"Tags",
                       "MainDicomTags",
                       {ID, GROUP, ELEMENT, VALUE},
                       "SELECT rowid, id, tagGroup, tagElement, value FROM MainDicomTags "
                       "WHERE rowid > ?1 ORDER BY rowid",
                       "SELECT COUNT(*) FROM MainDicomTags",
                       ""});
      steps.push_back({"Identifiers",
                       "DicomIdentifiers",
                       {ID, GROUP, ELEMENT, VALUE},
                       "SELECT rowid, id, tagGroup, tagElement, value FROM DicomIdentifiers "
                       "WHERE rowid > ?1 ORDER BY rowid",
                       "SELECT COUNT(*) FROM DicomIdentifiers",
                       ""});
    }

    // Types 18 and 19 are what database plugins keep about protection and recycling: rows of their own table
    // in the index of the core, in which protected patients have none.
    void AddMetadata(std::vector<CopyStep>& steps, const SourceSchema& schema)
    {
      const std::vector<Column> columns = {ID, TYPE, VALUE, REVISION};
      steps.push_back({"Metadata", "Metadata", columns,
                       schema.hasRevisions
                           ? "SELECT rowid, id, type, value, COALESCE(revision, 0) FROM Metadata "
                             "WHERE type NOT IN (18, 19) AND rowid > ?1 ORDER BY rowid"
                           : "SELECT rowid, id, type, value, 0 FROM Metadata "
                             "WHERE type NOT IN (18, 19) AND rowid > ?1 ORDER BY rowid",
                       "SELECT COUNT(*) FROM Metadata WHERE type NOT IN (18, 19)", "type NOT IN (18, 19)"});
      steps.push_back(
          {"Recycling order", "Metadata", columns,
           "SELECT r.internalId, r.internalId, 19, "
           "COALESCE((SELECT MAX(seq) FROM PatientRecyclingOrder WHERE patientId = r.internalId), 0), 0 "
           "FROM Resources r WHERE r.resourceType = 1 AND r.internalId > ?1 ORDER BY r.internalId",
           "SELECT COUNT(*) FROM Resources WHERE resourceType = 1", "type = 19"});
      steps.push_back(
          {"Protected", "Metadata", columns,
           "SELECT r.internalId, r.internalId, 18, 'true', 0 FROM Resources r "
           "WHERE r.resourceType = 1 AND r.internalId > ?1 AND NOT EXISTS "
           "(SELECT 1 FROM PatientRecyclingOrder WHERE patientId = r.internalId) ORDER BY r.internalId",
           "SELECT (SELECT COUNT(*) FROM Resources WHERE resourceType = 1) - "
           "(SELECT COUNT(DISTINCT patientId) FROM PatientRecyclingOrder)",
           "type = 18"});
    }

    void AddAttachments(std::vector<CopyStep>& steps, const SourceSchema& schema)
    {
      steps.push_back(
          {"Attachments",
           "AttachedFiles",
           {ID,
            {"fileType", CellType::Integer},
            {"uuid", CellType::Text},
            {"compressedSize", CellType::Integer},
            {"uncompressedSize", CellType::Integer},
            {"compressionType", CellType::Integer},
            {"uncompressedHash", CellType::Text},
            {"compressedHash", CellType::Text},
            REVISION,
            {"customData", CellType::OptionalBinary}},
           schema.hasRevisions
               ? "SELECT rowid, id, fileType, uuid, compressedSize, uncompressedSize, compressionType, "
                 "uncompressedMD5, compressedMD5, COALESCE(revision, 0), customData FROM AttachedFiles "
                 "WHERE rowid > ?1 ORDER BY rowid"
               : "SELECT rowid, id, fileType, uuid, compressedSize, uncompressedSize, compressionType, "
                 "uncompressedMD5, compressedMD5, 0, NULL FROM AttachedFiles WHERE rowid > ?1 ORDER BY rowid",
           "SELECT COUNT(*) FROM AttachedFiles",
           ""});
    }

    void AddLabels(std::vector<CopyStep>& steps)
    {
      steps.push_back({"Labels",
                       "Labels",
                       {ID, {"label", CellType::Text}},
                       "SELECT rowid, id, label FROM Labels WHERE rowid > ?1 ORDER BY rowid",
                       "SELECT COUNT(*) FROM Labels",
                       ""});
    }

    // Identifiers of patients that are longer than DICOM allows do not fit into the column of the target.
    void AddHistory(std::vector<CopyStep>& steps)
    {
      steps.push_back({"Changes",
                       "Changes",
                       {SEQUENCE, {"changeType", CellType::Integer}, INTERNAL_ID, RESOURCE_TYPE, DATE},
                       "SELECT seq, seq, changeType, internalId, resourceType - 1, date FROM Changes "
                       "WHERE seq > ?1 ORDER BY seq",
                       "SELECT COUNT(*) FROM Changes",
                       ""});
      steps.push_back(
          {"Exports",
           "ExportedResources",
           {SEQUENCE,
            RESOURCE_TYPE,
            PUBLIC_ID,
            {"remoteModality", CellType::Text},
            {"patientId", CellType::Text},
            {"studyInstanceUid", CellType::Text},
            {"seriesInstanceUid", CellType::Text},
            {"sopInstanceUid", CellType::Text},
            DATE},
           "SELECT seq, seq, resourceType - 1, publicId, remoteModality, substr(patientId, 1, 64), "
           "studyInstanceUid, seriesInstanceUid, sopInstanceUid, date FROM ExportedResources "
           "WHERE seq > ?1 ORDER BY seq",
           "SELECT COUNT(*) FROM ExportedResources",
           ""});
    }

    void AddStores(std::vector<CopyStep>& steps, const SourceSchema& schema)
    {
      steps.push_back(
          {"Key-value stores",
           "KeyValueStores",
           {{"storeId", CellType::Text}, {"key", CellType::Text}, BYTES},
           "SELECT rowid, storeId, key, value FROM KeyValueStores WHERE rowid > ?1 ORDER BY rowid",
           "SELECT COUNT(*) FROM KeyValueStores",
           ""});
      steps.push_back(
          {"Queues",
           "Queues",
           {ID, {"queueId", CellType::Text}, BYTES, {"reservedUntil", CellType::OptionalInteger}},
           schema.hasReservations
               ? "SELECT id, id, queueId, value, reservedUntil FROM Queues WHERE id > ?1 ORDER BY id"
               : "SELECT id, id, queueId, value, NULL FROM Queues WHERE id > ?1 ORDER BY id",
           "SELECT COUNT(*) FROM Queues",
           ""});
    }

    // The sequence of anonymized patients is the only property that servers share. Those of the schema are
    // the target's own, saved jobs (5) are not moved, and all others belong to one server.
    void AddProperties(std::vector<CopyStep>& steps)
    {
      steps.push_back({"Shared properties",
                       "GlobalProperties",
                       {PROPERTY, VALUE},
                       "SELECT property, property, value FROM GlobalProperties "
                       "WHERE property = 3 AND property > ?1 ORDER BY property",
                       "SELECT COUNT(*) FROM GlobalProperties WHERE property = 3",
                       "property = 3"});
      steps.push_back({"Server properties",
                       "ServerProperties",
                       {{"server", CellType::Text}, PROPERTY, VALUE},
                       "SELECT property, ?2, property, value FROM GlobalProperties "
                       "WHERE property >= 20 AND property > ?1 ORDER BY property",
                       "SELECT COUNT(*) FROM GlobalProperties WHERE property >= 20",
                       ""});
    }
  }

  std::vector<CopyStep> GetCopySteps(const SourceSchema& schema)
  {
    std::vector<CopyStep> steps;
    AddResources(steps);
    AddTags(steps);
    AddMetadata(steps, schema);
    AddAttachments(steps, schema);
    if (schema.hasLabels)
    {
      AddLabels(steps);
    }
    AddHistory(steps);
    if (schema.hasStores)
    {
      AddStores(steps, schema);
    }
    AddProperties(steps);
    return steps;
  }
}
