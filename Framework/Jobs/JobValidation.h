// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"
#include "Framework/Jobs/JobRoutes.h"

#include <json/value.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  struct IndexedResource
  {
    ResourceLevel level = ResourceLevel::Patient;
    std::string parent; // public id, empty for patients
  };

  // A patient as the index knows it
  struct IndexedPatient
  {
    std::map<uint32_t, std::string> tags; // the main DICOM tags, by group * 0x10000 + element
    std::vector<std::string> studies;     // public ids
  };

  // Thread-safe
  class IResourceLookup
  {
  public:
    virtual ~IResourceLookup() = default;

    // By public id; unknown ones are absent from the answer.
    virtual std::map<std::string, IndexedResource> Find(const std::vector<std::string>& publicIds) = 0;

    // The patient of a study, and the patient of a PatientID (compared as the core does: without regard to
    // case and outer blanks).
    virtual std::optional<IndexedPatient> FindPatientOfStudy(const std::string& study) = 0;
    virtual std::optional<IndexedPatient> FindPatient(const std::string& patientId) = 0;
  };

  // Whom the core of this replica may send to. Thread-safe.
  class ICoreDirectory
  {
  public:
    virtual ~ICoreDirectory() = default;

    virtual bool HasModality(const std::string& name) = 0;
    virtual bool HasPeer(const std::string& name) = 0;
  };

  // The DICOM dictionary of the core. Thread-safe.
  class ITagDictionary
  {
  public:
    virtual ~ITagDictionary() = default;

    // The tag of a name such as "PatientID", group * 0x10000 + element; nothing if the name is unknown.
    virtual std::optional<uint32_t> Find(const std::string& name) = 0;
  };

  struct CheckedJob
  {
    bool isSynchronous = true;
    int priority = 0;
    Json::Value userData; // null = none
  };

  // The options of the core that decide about jobs
  struct JobRules
  {
    bool overwriteInstances = false; // "OverwriteInstances"
    bool hasPatients = true;         // "PatientLevelEnabled"
  };

  struct NamedTags; // of a modification

  // The checks that the core makes before it accepts a job, in its order and with its codes, so that a queued
  // job is refused at once and not when it runs. What only the run itself can find out remains for the run.
  // Thread-safe if what it is given is.
  class JobValidator
  {
  public:
    // The references must outlive this object.
    JobValidator(IResourceLookup& resources, ICoreDirectory& directory, ITagDictionary& dictionary,
                 const JobRules& rules);

    // Throws RegistryError with the code of the core.
    CheckedJob Check(const JobRoute& route, const std::string& body) const;

  private:
    void CheckModify(const JobRoute& route, const Json::Value& body) const;
    void CheckPatientTags(const std::string& study, const NamedTags& tags) const;
    void CheckSplit(const JobRoute& route, const Json::Value& body) const;
    void CheckMerge(const JobRoute& route, const Json::Value& body) const;
    void CheckRetrieve(const JobRoute& route, const Json::Value& body) const;
    void CheckStore(const JobRoute& route, Json::Value& body) const;
    CheckedJob CheckArchive(const JobRoute& route, const Json::Value& body) const;
    void CheckExported(const Json::Value& resources) const;
    void CheckExist(const std::vector<std::string>& publicIds) const;

    IResourceLookup& resources_;
    ICoreDirectory& directory_;
    ITagDictionary& dictionary_;
    JobRules rules_;
  };
}
