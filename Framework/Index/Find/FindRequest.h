// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <array>

namespace OrthancRegistry
{
  struct TagKey
  {
    uint16_t group = 0;
    uint16_t element = 0;
  };

  struct TagConstraint
  {
    ResourceLevel level = ResourceLevel::Patient;
    TagKey tag;
    bool isIdentifier = false;
    bool isCaseSensitive = true;
    bool isMandatory = true;
    ConstraintType type = ConstraintType::Equal;
    std::vector<std::string> values;
  };

  struct MetadataConstraint
  {
    int metadata = 0;
    bool isCaseSensitive = true;
    bool isMandatory = true;
    ConstraintType type = ConstraintType::Equal;
    std::vector<std::string> values;
  };

  struct Ordering
  {
    enum class Cast
    {
      String = 0,
      Integer = 1,
      Real = 2
    };

    bool isMetadata = false;
    bool descending = false;
    Cast cast = Cast::String;
    TagKey tag;
    bool isIdentifier = false;
    ResourceLevel tagLevel = ResourceLevel::Patient;
    int metadata = 0;
  };

  struct FindLimits
  {
    uint64_t since = 0;
    uint64_t count = 0; // 0 = all
  };

  struct ParentRetrieval
  {
    bool mainDicomTags = false;
    bool metadata = false;
  };

  struct ChildrenRetrieval
  {
    bool identifiers = false;
    bool count = false;
    std::vector<int64_t> metadata;
    std::vector<TagKey> mainDicomTags;
  };

  // Operations FIND and COUNT_RESOURCES. The part that filters:
  struct FindFilter
  {
    ResourceLevel level = ResourceLevel::Patient;
    std::array<std::string, 4> orthancIds; // by level, empty = no restriction
    std::vector<TagConstraint> tags;
    std::vector<MetadataConstraint> metadata;
    std::vector<std::string> labels;
    LabelsConstraint labelsConstraint = LabelsConstraint::All;
  };

  // ... and the part that orders and retrieves. Arrays are indexed by level.
  struct FindRequest
  {
    FindFilter filter;
    std::vector<Ordering> ordering;
    std::optional<FindLimits> limits;

    bool mainDicomTags = false;
    bool metadata = false;
    bool labels = false;
    bool attachments = false;
    bool parentIdentifier = false;
    bool oneInstance = false;                  // metadata and attachments of one descendant instance
    std::array<ParentRetrieval, 3> parents;    // patient, study, series
    std::array<ChildrenRetrieval, 4> children; // [0] is unused
  };
}
