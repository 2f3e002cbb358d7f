// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobValidation.h"
#include "Framework/Jobs/JobValidationFields.h"

namespace OrthancRegistry
{
  // The core reads the fields first, then looks for the resources. A file name that is no string is ignored.
  CheckedJob JobValidator::CheckArchive(const JobRoute& route, const Json::Value& body) const
  {
    CheckedJob job;
    if (body.isObject())
    {
      job.isSynchronous = JobFields::IsSynchronous(body);
      job.priority = JobFields::ReadInteger(body, "Priority", 0);
      job.userData = body["UserData"];
      JobFields::ReadBoolean(body, "Extended", false);
      JobFields::CheckTransferSyntax(body, "Transcode");
      if (body.isMember("Transcode"))
      {
        JobFields::CheckUnsigned(body, "LossyQuality");
      }
      JobFields::ReadBoolean(body, "Utf8", false);
    }

    if (route.kind == JobRouteKind::Archive || route.kind == JobRouteKind::Media)
    {
      const auto found = resources_.Find({route.resource});
      if (!found.contains(route.resource) || found.at(route.resource).level != route.level)
      {
        throw RegistryError(ErrorCode::InexistentItem, "Unknown resource: " + route.resource);
      }
      return job;
    }
    if (body.isArray())
    {
      Json::Value list = Json::objectValue;
      list["Resources"] = body;
      CheckExist(JobFields::ReadStrings(list, "Resources"));
      return job;
    }
    CheckExist(JobFields::ReadStrings(body, "Resources"));
    return job;
  }
}
