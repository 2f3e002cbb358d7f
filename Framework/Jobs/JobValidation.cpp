// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobValidation.h"

#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobBody.h"
#include "Framework/Jobs/JobValidationFields.h"
#include "Framework/Jobs/JobValidationTags.h"

namespace OrthancRegistry
{
  namespace
  {
    std::string Quote(const std::string& text)
    {
      return "\"" + text + "\"";
    }

    CheckedJob ReadCommonFields(const Json::Value& body)
    {
      CheckedJob job;
      JobFields::ReadBoolean(body, "Permissive", false);
      job.isSynchronous = JobFields::IsSynchronous(body);
      job.priority = JobFields::ReadInteger(body, "Priority", 0);
      if (body.isMember("UserData"))
      {
        job.userData = body["UserData"];
      }
      return job;
    }

    void CheckStoreFields(const Json::Value& body)
    {
      constexpr Json::Int64 MAXIMUM_MESSAGE_ID = 65535;
      for (const char* field : {"LocalAet", "MoveOriginatorAet", "CalledAet", "Host"})
      {
        JobFields::CheckType(body, field, Json::stringValue);
      }
      JobFields::CheckType(body, "MoveOriginatorID", Json::intValue);
      JobFields::CheckType(body, "Port", Json::intValue);
      const Json::Int64 originator = body["MoveOriginatorID"].asInt64();
      if (body["Port"].asInt64() < 0 || originator < 0 || originator > MAXIMUM_MESSAGE_ID)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "Port or MoveOriginatorID is out of range");
      }
      JobFields::CheckType(body, "StorageCommitment", Json::booleanValue);
      JobFields::CheckUnsigned(body, "Timeout");
    }

    void CheckSplitTag(ITagDictionary& dictionary, const std::string& name)
    {
      if (!JobTags::IsOfPatientOrStudyModule(JobTags::Parse(dictionary, name)))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "A split can only change tags of the patient and study modules, not " +
                                Quote(name));
      }
    }

    void CheckSplitTags(ITagDictionary& dictionary, const Json::Value& body)
    {
      if (body.isMember("Remove") && !body["Remove"].isArray())
      {
        throw RegistryError(ErrorCode::BadFileFormat, "Remove must be a list of tags");
      }
      for (const auto& name : body["Remove"])
      {
        if (!name.isString())
        {
          throw RegistryError(ErrorCode::BadFileFormat, "Remove must be a list of tags");
        }
        CheckSplitTag(dictionary, name.asString());
      }

      const auto& replacements = body["Replace"];
      if (!replacements.isObject() && body.isMember("Replace"))
      {
        throw RegistryError(ErrorCode::BadFileFormat, "Replace must be an object of tags and strings");
      }
      for (const auto& name :
           replacements.isObject() ? replacements.getMemberNames() : Json::Value::Members())
      {
        if (!replacements[name].isString())
        {
          throw RegistryError(ErrorCode::BadFileFormat, "Replace must be an object of tags and strings");
        }
        CheckSplitTag(dictionary, name);
      }
    }
  }

  JobValidator::JobValidator(IResourceLookup& resources, ICoreDirectory& directory,
                             ITagDictionary& dictionary, const JobRules& rules)
      : resources_(resources), directory_(directory), dictionary_(dictionary), rules_(rules)
  {
  }

  CheckedJob JobValidator::Check(const JobRoute& route, const std::string& text) const
  {
    Json::Value body;
    if (!ParseJobBody(body, text, IsStoreRoute(route.kind)))
    {
      if (route.kind == JobRouteKind::Plugin)
      {
        return CheckedJob();
      }
      throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON value");
    }
    if (!body.isObject() && route.kind == JobRouteKind::Plugin)
    {
      return CheckedJob();
    }
    if (!body.isObject() && !MayBodyBeList(route.kind))
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON object");
    }

    switch (route.kind)
    {
    case JobRouteKind::Modify:
    case JobRouteKind::Anonymize:
    case JobRouteKind::BulkModify:
    case JobRouteKind::BulkAnonymize:
      CheckModify(route, body);
      break;
    case JobRouteKind::Split:
      CheckSplit(route, body);
      break;
    case JobRouteKind::Merge:
      CheckMerge(route, body);
      break;
    case JobRouteKind::ModalityMove:
    case JobRouteKind::ModalityGet:
      CheckRetrieve(route, body);
      break;
    case JobRouteKind::ModalityStore:
    case JobRouteKind::PeerStore:
      CheckStore(route, body);
      break;
    case JobRouteKind::Archive:
    case JobRouteKind::Media:
    case JobRouteKind::BulkArchive:
    case JobRouteKind::BulkMedia:
      return CheckArchive(route, body);
    case JobRouteKind::Plugin:
      break;
    }
    return ReadCommonFields(body);
  }

  void JobValidator::CheckExist(const std::vector<std::string>& publicIds) const
  {
    const auto found = resources_.Find(publicIds);
    for (const auto& id : publicIds)
    {
      if (!found.contains(id))
      {
        throw RegistryError(ErrorCode::UnknownResource, "Unknown resource: " + id);
      }
    }
  }

  void JobValidator::CheckSplit(const JobRoute& route, const Json::Value& body) const
  {
    const auto isStudy = [this](const std::string& id)
    {
      const auto found = resources_.Find({id});
      return found.contains(id) && found.at(id).level == ResourceLevel::Study;
    };
    const auto refuse = [](const std::string& id)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          "This resource is not a part of the study to be split: " + id);
    };

    if (!isStudy(route.resource))
    {
      throw RegistryError(ErrorCode::UnknownResource, "Unknown study: " + route.resource);
    }

    std::vector<std::string> series;
    if (body.isMember("Series"))
    {
      series = JobFields::ReadStrings(body, "Series");
      const auto found = resources_.Find(series);
      for (const auto& id : series)
      {
        if (!found.contains(id) || found.at(id).parent != route.resource)
        {
          refuse(id);
        }
      }
    }

    std::vector<std::string> instances;
    if (body.isMember("Instances"))
    {
      instances = JobFields::ReadStrings(body, "Instances");
      const auto found = resources_.Find(instances);
      std::vector<std::string> parents;
      for (const auto& id : instances)
      {
        if (!found.contains(id) || found.at(id).level != ResourceLevel::Instance)
        {
          refuse(id);
        }
        parents.push_back(found.at(id).parent);
      }
      const auto foundParents = resources_.Find(parents);
      for (const auto& id : instances)
      {
        const auto& parent = found.at(id).parent;
        if (!foundParents.contains(parent) || foundParents.at(parent).parent != route.resource)
        {
          refuse(id);
        }
      }
    }

    if (series.empty() && instances.empty())
    {
      throw RegistryError(ErrorCode::BadRequest, "At least one of Series and Instances must be given");
    }
    JobFields::ReadBoolean(body, "KeepSource", false);
    CheckSplitTags(dictionary_, body);
  }

  void JobValidator::CheckMerge(const JobRoute& route, const Json::Value& body) const
  {
    const auto target = resources_.Find({route.resource});
    if (!target.contains(route.resource) || target.at(route.resource).level != ResourceLevel::Study)
    {
      throw RegistryError(ErrorCode::UnknownResource, "Unknown study: " + route.resource);
    }

    const auto ids = JobFields::ReadStrings(body, "Resources");
    const auto found = resources_.Find(ids);
    std::vector<std::string> parents;
    for (const auto& [id, resource] : found)
    {
      parents.push_back(resource.parent);
    }
    const auto foundParents = resources_.Find(parents);

    for (const auto& id : ids)
    {
      if (!found.contains(id) || found.at(id).level == ResourceLevel::Patient)
      {
        throw RegistryError(ErrorCode::UnknownResource, "This is no study, series or instance: " + id);
      }
      const auto& resource = found.at(id);
      const bool isTarget =
          id == route.resource || resource.parent == route.resource ||
          (resource.level == ResourceLevel::Instance && foundParents.contains(resource.parent) &&
           foundParents.at(resource.parent).parent == route.resource);
      if (isTarget)
      {
        throw RegistryError(ErrorCode::UnknownResource, "This resource already is in the study: " + id);
      }
    }
    JobFields::ReadBoolean(body, "KeepSource", false);
  }

  void JobValidator::CheckRetrieve(const JobRoute& route, const Json::Value& body) const
  {
    if (!body.isMember("Resources") || !body.isMember("Level") || !body["Resources"].isArray() ||
        !body["Level"].isString())
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "The body must have the fields Resources (list of objects) and Level (string)");
    }
    JobFields::ParseLevel(body["Level"].asString());
    if (!directory_.HasModality(route.destination))
    {
      throw RegistryError(ErrorCode::InexistentItem, "Unknown modality: " + route.destination);
    }
    JobFields::CheckType(body, "LocalAet", Json::stringValue);
    JobFields::CheckUnsigned(body, "Timeout");

    for (const auto& query : body["Resources"])
    {
      if (!query.isObject())
      {
        throw RegistryError(ErrorCode::BadFileFormat, "The items of Resources must be objects");
      }
      for (const auto& name : query.getMemberNames())
      {
        if (!query[name].isString())
        {
          throw RegistryError(ErrorCode::BadFileFormat, "A string is expected for tag: " + name);
        }
        JobTags::Parse(dictionary_, name);
      }
    }
    if (route.kind == JobRouteKind::ModalityMove)
    {
      JobFields::CheckType(body, "TargetAet", Json::stringValue);
    }
  }

  void JobValidator::CheckExported(const Json::Value& resources) const
  {
    // A malformed identifier is only reported if all those before it exist
    std::vector<std::string> ids;
    std::string malformed;
    for (const auto& item : resources)
    {
      if (!item.isString())
      {
        malformed = "The resources must be a list of strings";
        break;
      }
      const std::string id(StripSpaces(item.asString()));
      if (!IsPublicId(id))
      {
        malformed = "This is no identifier of a resource: " + id;
        break;
      }
      ids.push_back(id);
    }
    CheckExist(ids);
    if (!malformed.empty())
    {
      throw RegistryError(ErrorCode::BadFileFormat, malformed);
    }
  }

  void JobValidator::CheckStore(const JobRoute& route, Json::Value& body) const
  {
    if (body.isString() || body.isArray())
    {
      Json::Value list = Json::arrayValue;
      list.append(body);
      CheckExported(body.isArray() ? body : list);
      body = Json::objectValue;
    }
    else if (!body.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON object or a list of strings");
    }
    else if (!body.isMember("Resources") || !body["Resources"].isArray())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The field Resources must be a list of strings");
    }
    else
    {
      CheckExported(body["Resources"]);
    }

    if (route.kind == JobRouteKind::PeerStore)
    {
      JobFields::CheckTransferSyntax(body, "Transcode");
      JobFields::ReadBoolean(body, "Compress", false);
      if (!directory_.HasPeer(route.destination))
      {
        throw RegistryError(ErrorCode::UnknownResource, "Unknown peer: " + route.destination);
      }
      return;
    }

    if (!directory_.HasModality(route.destination))
    {
      throw RegistryError(ErrorCode::InexistentItem, "Unknown modality: " + route.destination);
    }
    CheckStoreFields(body);
  }
}
