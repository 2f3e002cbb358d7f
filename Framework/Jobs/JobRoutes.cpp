// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobRoutes.h"

#include "Framework/Jobs/Job.h"

#include <array>

namespace OrthancRegistry
{
  namespace
  {
    struct ResourceRoute
    {
      std::string_view root;
      std::string_view action;
      ResourceLevel level;
      JobRouteKind kind;
    };

    constexpr std::array<ResourceRoute, 8> RESOURCE_ROUTES = {{
        {"patients", "modify", ResourceLevel::Patient, JobRouteKind::Modify},
        {"patients", "anonymize", ResourceLevel::Patient, JobRouteKind::Anonymize},
        {"studies", "modify", ResourceLevel::Study, JobRouteKind::Modify},
        {"studies", "anonymize", ResourceLevel::Study, JobRouteKind::Anonymize},
        {"series", "modify", ResourceLevel::Series, JobRouteKind::Modify},
        {"series", "anonymize", ResourceLevel::Series, JobRouteKind::Anonymize},
        {"studies", "split", ResourceLevel::Study, JobRouteKind::Split},
        {"studies", "merge", ResourceLevel::Study, JobRouteKind::Merge},
    }};

    constexpr std::array<ResourceRoute, 6> ARCHIVE_ROUTES = {{
        {"patients", "archive", ResourceLevel::Patient, JobRouteKind::Archive},
        {"patients", "media", ResourceLevel::Patient, JobRouteKind::Media},
        {"studies", "archive", ResourceLevel::Study, JobRouteKind::Archive},
        {"studies", "media", ResourceLevel::Study, JobRouteKind::Media},
        {"series", "archive", ResourceLevel::Series, JobRouteKind::Archive},
        {"series", "media", ResourceLevel::Series, JobRouteKind::Media},
    }};

    struct DestinationRoute
    {
      std::string_view root;
      std::string_view action;
      JobRouteKind kind;
    };

    constexpr std::array<DestinationRoute, 4> DESTINATION_ROUTES = {{
        {"modalities", "store", JobRouteKind::ModalityStore},
        {"modalities", "move", JobRouteKind::ModalityMove},
        {"modalities", "get", JobRouteKind::ModalityGet},
        {"peers", "store", JobRouteKind::PeerStore},
    }};

    // "/a/b/c" -> {"a", "b", "c"}, nothing if there are not two or three non-empty components
    std::vector<std::string_view> Split(std::string_view path)
    {
      std::vector<std::string_view> parts;
      while (!path.empty() && path.front() == '/')
      {
        path.remove_prefix(1);
        const size_t end = std::min(path.find('/'), path.size());
        if (end == 0)
        {
          return {};
        }
        parts.push_back(path.substr(0, end));
        path.remove_prefix(end);
      }
      if (!path.empty())
      {
        return {};
      }
      return parts;
    }

    std::optional<JobRoute> ParseBulkRoute(std::string_view action)
    {
      if (action == "bulk-modify")
      {
        return JobRoute{JobRouteKind::BulkModify, ResourceLevel::Instance, "", ""};
      }
      if (action == "bulk-anonymize")
      {
        return JobRoute{JobRouteKind::BulkAnonymize, ResourceLevel::Instance, "", ""};
      }
      return std::nullopt;
    }
  }

  std::vector<std::string> GetJobRoutePatterns(bool hasPatients)
  {
    return {hasPatients ? "/(patients|studies|series)/([^/]+)/(modify|anonymize)"
                        : "/(studies|series)/([^/]+)/(modify|anonymize)",
            "/tools/(bulk-modify|bulk-anonymize)", "/studies/([^/]+)/(split|merge)",
            "/modalities/([^/]+)/(store|move|get)", "/peers/([^/]+)/store"};
  }

  std::optional<JobRoute> ParseJobRoute(std::string_view path)
  {
    const auto parts = Split(path);
    if (parts.size() == 2 && parts[0] == "tools")
    {
      return ParseBulkRoute(parts[1]);
    }
    if (parts.size() != 3)
    {
      return std::nullopt;
    }
    for (const auto& route : RESOURCE_ROUTES)
    {
      if (parts[0] == route.root && parts[2] == route.action)
      {
        return JobRoute{route.kind, route.level, std::string(parts[1]), ""};
      }
    }
    for (const auto& route : DESTINATION_ROUTES)
    {
      if (parts[0] == route.root && parts[2] == route.action)
      {
        return JobRoute{route.kind, ResourceLevel::Instance, "", std::string(parts[1])};
      }
    }
    return std::nullopt;
  }

  std::optional<JobRoute> ParseArchiveRoute(std::string_view path)
  {
    const auto parts = Split(path);
    if (parts.size() == 2 && parts[0] == "tools")
    {
      if (parts[1] == "create-archive")
      {
        return JobRoute{JobRouteKind::BulkArchive, ResourceLevel::Instance, "", ""};
      }
      if (parts[1] == "create-media" || parts[1] == "create-media-extended")
      {
        return JobRoute{JobRouteKind::BulkMedia, ResourceLevel::Instance, "", ""};
      }
      return std::nullopt;
    }
    for (const auto& route : ARCHIVE_ROUTES)
    {
      if (parts.size() == 3 && parts[0] == route.root && parts[2] == route.action)
      {
        return JobRoute{route.kind, route.level, std::string(parts[1]), ""};
      }
    }
    return std::nullopt;
  }

  const char* GetJobType(JobRouteKind kind)
  {
    switch (kind)
    {
    case JobRouteKind::Modify:
    case JobRouteKind::Anonymize:
    case JobRouteKind::BulkModify:
    case JobRouteKind::BulkAnonymize:
      return "ResourceModification";
    case JobRouteKind::Split:
      return "SplitStudy";
    case JobRouteKind::Merge:
      return "MergeStudy";
    case JobRouteKind::ModalityStore:
      return "DicomModalityStore";
    case JobRouteKind::ModalityMove:
      return "DicomMoveScu";
    case JobRouteKind::ModalityGet:
      return "DicomGetScu";
    case JobRouteKind::PeerStore:
      return "OrthancPeerStore";
    case JobRouteKind::Archive:
    case JobRouteKind::BulkArchive:
      return "Archive";
    case JobRouteKind::Media:
    case JobRouteKind::BulkMedia:
      return "Media";
    case JobRouteKind::Plugin:
      return PLUGIN_JOB_TYPE;
    }
    return "";
  }

  bool IsStoreRoute(JobRouteKind kind)
  {
    return kind == JobRouteKind::ModalityStore || kind == JobRouteKind::PeerStore;
  }

  bool MayBodyBeList(JobRouteKind kind)
  {
    return IsStoreRoute(kind) || kind == JobRouteKind::BulkArchive || kind == JobRouteKind::BulkMedia;
  }
}
