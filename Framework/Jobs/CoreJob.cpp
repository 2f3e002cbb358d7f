// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/ICoreClient.h"

#include <algorithm>
#include <cmath>

namespace OrthancRegistry
{
  namespace
  {
    std::string ReadString(const Json::Value& json, const char* member, bool mandatory)
    {
      const Json::Value& value = json[member];
      if (value.isString())
      {
        return value.asString();
      }
      if (mandatory || !value.isNull())
      {
        throw RegistryError(ErrorCode::BadFileFormat,
                            std::string("A job of the core has no valid ") + member);
      }
      return "";
    }

    int ReadInteger(const Json::Value& json, const char* member)
    {
      const Json::Value& value = json[member];
      if (value.isNull())
      {
        return 0;
      }
      if (!value.isInt())
      {
        throw RegistryError(ErrorCode::BadFileFormat,
                            std::string("A job of the core has no valid ") + member);
      }
      return value.asInt();
    }

    int64_t ReadRuntime(const Json::Value& json)
    {
      const Json::Value& value = json["EffectiveRuntime"];
      if (!value.isNumeric())
      {
        return 0;
      }
      const double seconds = value.asDouble();
      return seconds > 0 && seconds < 1e12 ? std::llround(seconds * 1000.0) : 0;
    }
  }

  namespace
  {
    bool IsSameButForProgress(const CoreJob& a, const CoreJob& b)
    {
      return a.state == b.state && a.priority == b.priority && a.type == b.type &&
             a.errorCode == b.errorCode && a.errorDetails == b.errorDetails &&
             a.errorPayload == b.errorPayload && a.userData == b.userData;
    }
  }

  bool IsSame(const CoreJob& a, const CoreJob& b)
  {
    return IsSameButForProgress(a, b) && a.progress == b.progress && a.content == b.content;
  }

  bool IsOnlyProgress(const CoreJob& a, const CoreJob& b)
  {
    return !IsEnded(a.state) && IsSameButForProgress(a, b);
  }

  CoreJob ParseCoreJob(const Json::Value& json)
  {
    if (!json.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "A job of the core is not a JSON object");
    }
    CoreJob job;
    job.id = ReadString(json, "ID", true);
    job.type = ReadString(json, "Type", true);
    const auto state = ParseJobState(ReadString(json, "State", true));
    if (!state)
    {
      throw RegistryError(ErrorCode::BadFileFormat, "Job " + job.id + " of the core has an unknown state");
    }
    job.state = *state;
    job.priority = ReadInteger(json, "Priority");
    job.progress = std::clamp(ReadInteger(json, "Progress"), 0, 100);
    job.errorCode = ReadInteger(json, "ErrorCode");
    job.errorDetails = ReadString(json, "ErrorDetails", false);
    job.runtimeMilliseconds = ReadRuntime(json);
    if (json["Content"].isObject())
    {
      job.content = json["Content"];
    }
    job.userData = json["UserData"];
    job.errorPayload = json["ErrorPayload"];
    return job;
  }
}
