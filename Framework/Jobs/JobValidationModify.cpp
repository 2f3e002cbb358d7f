// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobValidation.h"
#include "Framework/Jobs/JobValidationFields.h"
#include "Framework/Jobs/JobValidationTags.h"

#include <algorithm>
#include <array>
#include <set>

namespace OrthancRegistry
{
  // The tags at the top of the dataset that a request names
  struct NamedTags
  {
    std::map<uint32_t, Json::Value> replaced;
    std::set<uint32_t> kept;

    bool IsReplaced(uint32_t tag) const
    {
      return replaced.contains(tag) && !kept.contains(tag);
    }

    // Of a replaced tag
    std::string GetReplacement(uint32_t tag) const
    {
      const Json::Value& value = replaced.at(tag);
      if (!value.isString())
      {
        throw RegistryError(ErrorCode::BadParameterType, "The value of a patient tag must be a string");
      }
      return value.asString();
    }
  };

  namespace
  {
    // What the core keeps in its index about each patient, unless the configuration adds some
    constexpr std::array<uint32_t, 5> MAIN_PATIENT_TAGS = {JobTags::PATIENT_ID, 0x00100010, 0x00100030,
                                                           0x00100040, 0x00101000};

    class TagsReader
    {
    public:
      TagsReader(ITagDictionary& dictionary, const Json::Value& body, bool force)
          : dictionary_(dictionary), body_(body), force_(force)
      {
      }

      NamedTags Read()
      {
        NamedTags tags;
        ReadList("Remove", "removed");
        tags.replaced = ReadReplacements();
        tags.kept = ReadList("Keep", "kept");
        return tags;
      }

    private:
      std::set<uint32_t> ReadList(const char* field, const char* operation)
      {
        std::set<uint32_t> tags;
        if (!body_.isMember(field))
        {
          return tags;
        }
        if (!body_[field].isArray())
        {
          throw RegistryError(ErrorCode::BadRequest, std::string(field) + " must be a list of tags");
        }
        for (const auto& item : body_[field])
        {
          if (!item.isString())
          {
            throw RegistryError(ErrorCode::BadRequest, std::string(field) + " must be a list of tags");
          }
          if (const auto tag = ReadTag(item.asString(), operation))
          {
            tags.insert(*tag);
          }
        }
        return tags;
      }

      std::map<uint32_t, Json::Value> ReadReplacements()
      {
        std::map<uint32_t, Json::Value> tags;
        if (!body_.isMember("Replace"))
        {
          return tags;
        }
        if (!body_["Replace"].isObject())
        {
          throw RegistryError(ErrorCode::BadRequest, "Replace must be an object of tags and values");
        }
        for (const auto& name : body_["Replace"].getMemberNames())
        {
          if (const auto tag = ReadTag(name, "replaced"))
          {
            tags[*tag] = body_["Replace"][name];
          }
        }
        return tags;
      }

      // Nothing for tags within sequences
      std::optional<uint32_t> ReadTag(const std::string& name, const char* operation)
      {
        const auto path = JobTags::ParsePath(dictionary_, name);
        if (path.isNested)
        {
          return std::nullopt;
        }
        if (!force_ && JobTags::IsIdentifier(path.tag))
        {
          throw RegistryError(ErrorCode::BadRequest, "The tag \"" + name + "\" can only be " + operation +
                                                         " if the option \"Force\" is true");
        }
        return path.tag;
      }

      ITagDictionary& dictionary_;
      const Json::Value& body_;
      bool force_;
    };

    void CheckDicomVersion(const Json::Value& body)
    {
      constexpr std::array<const char*, 4> VERSIONS = {"2008", "2017c", "2021b", "2023b"};
      if (!body.isMember("DicomVersion"))
      {
        return;
      }
      JobFields::CheckString(body, "DicomVersion");
      for (const char* version : VERSIONS)
      {
        if (body["DicomVersion"].asString() == version)
        {
          return;
        }
      }
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "Unknown version of the DICOM standard: " + body["DicomVersion"].asString());
    }

    ResourceLevel GetBulkLevel(const Json::Value& body, const NamedTags& tags)
    {
      if (body.isMember("Level"))
      {
        if (!body["Level"].isString())
        {
          throw RegistryError(ErrorCode::BadRequest, "Level must be a string");
        }
        return JobFields::ParseLevel(body["Level"].asString());
      }
      if (tags.IsReplaced(JobTags::PATIENT_ID))
      {
        return ResourceLevel::Patient;
      }
      if (tags.IsReplaced(JobTags::STUDY_INSTANCE_UID))
      {
        return ResourceLevel::Study;
      }
      return tags.IsReplaced(JobTags::SERIES_INSTANCE_UID) ? ResourceLevel::Series : ResourceLevel::Instance;
    }

    // Instances that keep all their identifiers replace their own source
    void CheckInPlace(const NamedTags& tags, ResourceLevel level, bool keepSource, bool overwriteInstances)
    {
      if ((level != ResourceLevel::Patient && level != ResourceLevel::Study) ||
          tags.IsReplaced(JobTags::PATIENT_ID) || !tags.kept.contains(JobTags::STUDY_INSTANCE_UID) ||
          !tags.kept.contains(JobTags::SERIES_INSTANCE_UID) || !tags.kept.contains(JobTags::SOP_INSTANCE_UID))
      {
        return;
      }
      if (!keepSource)
      {
        throw RegistryError(ErrorCode::BadRequest, "KeepSource must be true if StudyInstanceUID, "
                                                   "SeriesInstanceUID and SOPInstanceUID are kept: the "
                                                   "modified instances would be deleted as their sources");
      }
      if (!overwriteInstances)
      {
        throw RegistryError(ErrorCode::BadRequest,
                            "StudyInstanceUID, SeriesInstanceUID and SOPInstanceUID can "
                            "only be kept together if the option OverwriteInstances "
                            "of Orthanc is true");
      }
    }
  }

  // A study may get other patient tags, unless it would then contradict the other studies of that patient
  void JobValidator::CheckPatientTags(const std::string& study, const NamedTags& tags) const
  {
    const auto patient = tags.IsReplaced(JobTags::PATIENT_ID)
                             ? resources_.FindPatient(tags.GetReplacement(JobTags::PATIENT_ID))
                             : resources_.FindPatientOfStudy(study);
    if (!patient && !tags.IsReplaced(JobTags::PATIENT_ID))
    {
      throw RegistryError(ErrorCode::UnknownResource, "Unknown study: " + study);
    }
    if (!patient || patient->studies.empty() ||
        (patient->studies.size() == 1 && patient->studies.front() == study))
    {
      return;
    }

    const auto refuse = [](uint32_t tag)
    {
      throw RegistryError(
          ErrorCode::BadRequest,
          "The patient has other studies: all the main tags of the patient must be replaced, and "
          "by their values in these studies, but " +
              JobTags::Format(tag) + " is not. Modify the patient instead.");
    };
    std::set<uint32_t> mainTags(MAIN_PATIENT_TAGS.begin(), MAIN_PATIENT_TAGS.end());
    for (const auto& [tag, value] : patient->tags)
    {
      mainTags.insert(tag);
    }
    for (const uint32_t tag : mainTags)
    {
      const auto known = patient->tags.find(tag);
      const bool isReplaced = tags.IsReplaced(tag);
      const bool isContradicted = known == patient->tags.end() ? isReplaced
                                  : isReplaced                 ? tags.GetReplacement(tag) != known->second
                                                               : !known->second.empty();
      if (isContradicted)
      {
        refuse(tag);
      }
    }
  }

  void JobValidator::CheckModify(const JobRoute& route, const Json::Value& body) const
  {
    const bool isAnonymization =
        route.kind == JobRouteKind::Anonymize || route.kind == JobRouteKind::BulkAnonymize;
    const bool isBulk = route.resource.empty();

    const bool force = JobFields::ReadBoolean(body, "Force", false);
    if (isAnonymization)
    {
      CheckDicomVersion(body);
    }
    JobFields::ReadBoolean(body, isAnonymization ? "KeepPrivateTags" : "RemovePrivateTags", false);
    JobFields::ReadBoolean(body, "KeepLabels", false);
    const NamedTags tags = TagsReader(dictionary_, body, force).Read();
    JobFields::CheckString(body, "PrivateCreator");

    ResourceLevel level = isAnonymization ? ResourceLevel::Patient : route.level;
    std::vector<std::string> publicIds = {route.resource};
    if (isBulk)
    {
      level = isAnonymization ? level : GetBulkLevel(body, tags);
      publicIds = JobFields::ReadStrings(body, "Resources");
    }

    const bool keepSource = JobFields::ReadBoolean(body, "KeepSource", true);
    JobFields::CheckTransferSyntax(body, "Transcode");
    CheckExist(publicIds);
    CheckInPlace(tags, level, keepSource, rules_.overwriteInstances);
    const bool isPatientReplaced = std::any_of(MAIN_PATIENT_TAGS.begin(), MAIN_PATIENT_TAGS.end(),
                                               [&](uint32_t tag)
                                               {
                                                 return tags.IsReplaced(tag);
                                               });
    if (rules_.hasPatients && level == ResourceLevel::Study && isPatientReplaced)
    {
      for (const auto& id : std::set<std::string>(publicIds.begin(), publicIds.end()))
      {
        CheckPatientTags(id, tags);
      }
    }
  }
}
