// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobSchedule.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr Timestamp MOMENT = 1609085916000000; // 2020-12-27T16:18:36Z

    ErrorCode GetRefusal(const std::string& body)
    {
      try
      {
        ReadJobSchedule(ParseJson(body));
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }
  }

  TEST(JobSchedule, Fields)
  {
    EXPECT_EQ(0, ReadJobSchedule(ParseJson("{}")).delayMicroseconds);
    EXPECT_FALSE(ReadJobSchedule(ParseJson("[]")).notBefore);
    EXPECT_EQ(MOMENT, ReadJobSchedule(ParseJson(R"({"NotBefore": "20201227T161836"})")).notBefore);
    EXPECT_EQ(1500000, ReadJobSchedule(ParseJson(R"({"DelaySeconds": 1.5})")).delayMicroseconds);
    EXPECT_EQ(0, ReadJobSchedule(ParseJson(R"({"DelaySeconds": 0})")).delayMicroseconds);
    EXPECT_EQ(315360000000000,
              ReadJobSchedule(ParseJson(R"({"DelaySeconds": 315360000})")).delayMicroseconds);
  }

  TEST(JobSchedule, RefusedFields)
  {
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"NotBefore": "20201227T161836", "DelaySeconds": 1})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"NotBefore": 20201227})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"NotBefore": null})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"NotBefore": "tomorrow"})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"DelaySeconds": "1"})"));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetRefusal(R"({"DelaySeconds": true})"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(R"({"DelaySeconds": -0.001})"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(R"({"DelaySeconds": 315360001})"));
    EXPECT_EQ(ErrorCode::ParameterOutOfRange, GetRefusal(R"({"DelaySeconds": 1e300})"));
  }
}
