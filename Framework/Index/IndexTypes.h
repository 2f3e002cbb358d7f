// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The values that the DICOM index takes and gives. They mirror the messages of OrthancDatabasePlugin.proto
// (source of all numbers), so that the edge to Orthanc only copies fields.
namespace OrthancRegistry
{
  // As in the stock schema (column resourceType)
  enum class ResourceLevel : int
  {
    Patient = 0,
    Study = 1,
    Series = 2,
    Instance = 3
  };

  // The patient, study, series and instance of an instance that is stored: public ids
  struct InstancePath
  {
    const std::string& patient;
    const std::string& study;
    const std::string& series;
    const std::string& instance;
  };

  // Metadata that the index itself maintains, of patients only
  constexpr int METADATA_IS_PROTECTED = 18;
  constexpr int METADATA_RECYCLING_ORDER = 19;

  struct Attachment
  {
    std::string uuid;
    int contentType = 0;
    uint64_t uncompressedSize = 0;
    std::string uncompressedHash;
    int compressionType = 0;
    uint64_t compressedSize = 0;
    std::string compressedHash;
    std::string customData; // bytes, empty = none

    bool operator==(const Attachment&) const = default;
  };

  struct AttachmentWithRevision
  {
    Attachment attachment;
    int64_t revision = 0;
  };

  struct TagValue
  {
    uint16_t group = 0;
    uint16_t element = 0;
    std::string value;

    bool operator==(const TagValue&) const = default;
  };

  struct MetadataValue
  {
    int type = 0;
    std::string value;
    int64_t revision = 0;

    bool operator==(const MetadataValue&) const = default;
  };

  struct Change
  {
    int64_t seq = 0;
    int changeType = 0;
    ResourceLevel level = ResourceLevel::Patient;
    std::string publicId;
    std::string date;
  };

  struct ExportedResource
  {
    int64_t seq = 0;
    ResourceLevel level = ResourceLevel::Patient;
    std::string publicId;
    std::string modality;
    std::string date;
    std::string patientId;
    std::string studyInstanceUid;
    std::string seriesInstanceUid;
    std::string sopInstanceUid;
  };

  struct ResourceReference
  {
    ResourceLevel level = ResourceLevel::Patient;
    std::string publicId;

    bool operator==(const ResourceReference&) const = default;
  };

  struct Statistics
  {
    int64_t patients = 0;
    int64_t studies = 0;
    int64_t series = 0;
    int64_t instances = 0;
    int64_t compressedSize = 0;
    int64_t uncompressedSize = 0;
  };

  enum class QueueOrigin : int
  {
    Front = 0, // the oldest value
    Back = 1   // the newest value
  };

  enum class ConstraintType : int
  {
    Equal = 0,
    SmallerOrEqual = 1,
    GreaterOrEqual = 2,
    Wildcard = 3,
    List = 4
  };

  enum class LabelsConstraint : int
  {
    All = 0,
    Any = 1,
    None = 2
  };
}
