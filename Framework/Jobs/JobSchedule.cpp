// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobSchedule.h"

#include "Framework/Common/Errors.h"

#include <cmath>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* NOT_BEFORE = "NotBefore";
    constexpr const char* DELAY = "DelaySeconds";
    constexpr double MAXIMUM_DELAY = 10.0 * 365 * 86400; // seconds
    constexpr double MICROSECONDS_PER_SECOND = 1e6;

    int64_t ReadDelay(const Json::Value& value)
    {
      if (!value.isNumeric())
      {
        throw RegistryError(ErrorCode::BadFileFormat, "Number expected in field: DelaySeconds");
      }
      const double seconds = value.asDouble();
      if (!(seconds >= 0 && seconds <= MAXIMUM_DELAY))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "The field DelaySeconds must be from 0 to 315360000 (ten years)");
      }
      return std::llround(seconds * MICROSECONDS_PER_SECOND);
    }

    Timestamp ReadNotBefore(const Json::Value& value)
    {
      if (!value.isString())
      {
        throw RegistryError(ErrorCode::BadFileFormat, "String expected in field: NotBefore");
      }
      const auto moment = ParseTimestamp(value.asString());
      if (!moment)
      {
        throw RegistryError(ErrorCode::BadFileFormat,
                            "The field NotBefore must be a time of ISO 8601, such as 20261231T235959 or "
                            "2026-12-31T23:59:59+01:00 (UTC if there is no offset)");
      }
      return *moment;
    }
  }

  JobSchedule ReadJobSchedule(const Json::Value& body)
  {
    JobSchedule schedule;
    if (!body.isObject())
    {
      return schedule;
    }
    if (body.isMember(NOT_BEFORE) && body.isMember(DELAY))
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "The fields NotBefore and DelaySeconds cannot be given together");
    }
    if (body.isMember(NOT_BEFORE))
    {
      schedule.notBefore = ReadNotBefore(body[NOT_BEFORE]);
    }
    if (body.isMember(DELAY))
    {
      schedule.delayMicroseconds = ReadDelay(body[DELAY]);
    }
    return schedule;
  }
}
