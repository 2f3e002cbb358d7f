// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobQuery.h"

#include "Framework/Common/Errors.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    using Arguments = std::map<std::string, std::string>;

    // The message of the refusal, empty if there is none
    std::string Refuse(const Arguments& arguments)
    {
      try
      {
        ParseJobQuery(arguments);
        return "";
      }
      catch (const RegistryError& error)
      {
        EXPECT_EQ(ErrorCode::ParameterOutOfRange, error.GetCode());
        return error.what();
      }
    }
  }

  TEST(JobQuery, NothingAskedIsTheOrderOfTheCore)
  {
    // Browsers and Orthanc Explorer add arguments against caches
    for (const Arguments& arguments :
         {Arguments(), Arguments{{"expand", ""}}, Arguments{{"_", "1764104400"}}})
    {
      const JobQuery query = ParseJobQuery(arguments);
      EXPECT_EQ(JobOrder::Id, query.order);
      EXPECT_TRUE(query.filter.IsEmpty());
      EXPECT_FALSE(query.limit);
      EXPECT_FALSE(query.after);
    }
  }

  TEST(JobQuery, AllArguments)
  {
    const JobQuery query = ParseJobQuery({{"state", "Failure,Paused,Failure"},
                                          {"type", "Media"},
                                          {"replica", "a,b"},
                                          {"origin", "Local"},
                                          {"destination", "PACS"},
                                          {"since", "20260101T000000"},
                                          {"until", "2026-01-01T01:00:00.5+01:00"},
                                          {"limit", "10000"},
                                          {"order", "desc"},
                                          {"page", FormatPageToken({123456789, 42, "x"})}});
    EXPECT_EQ((std::vector{JobState::Failure, JobState::Paused}), query.filter.states);
    EXPECT_EQ(std::vector<std::string>{"Media"}, query.filter.types);
    EXPECT_EQ((std::vector<std::string>{"a", "b"}), query.filter.replicas);
    EXPECT_EQ(std::vector{JobOrigin::Local}, query.filter.origins);
    EXPECT_EQ(std::vector<std::string>{"PACS"}, query.filter.destinations);
    EXPECT_EQ(500000, *query.filter.until - *query.filter.since);
    EXPECT_EQ(10000u, query.limit);
    EXPECT_EQ(JobOrder::CreatedDescending, query.order);
    EXPECT_EQ(123456789, query.after->created);
    EXPECT_EQ(42, query.after->sequence);
    EXPECT_EQ(JobOrder::Created, ParseJobQuery({{"limit", "1"}}).order);
    EXPECT_EQ(JobOrder::Created, ParseJobQuery({{"order", "asc"}}).order);
  }

  TEST(JobQuery, RefusalsListWhatIsValid)
  {
    EXPECT_EQ("Unknown state: \"Done\", the valid ones are Pending, Running, Success, Failure, Paused, Retry",
              Refuse({{"state", "Failure,Done"}}));
    EXPECT_EQ("Unknown origin: \"queued\", the valid ones are Queued, Local", Refuse({{"origin", "queued"}}));
    EXPECT_EQ("Unknown order: \"up\", the valid ones are asc, desc", Refuse({{"order", "up"}}));
    EXPECT_EQ(
        "Unknown argument: \"stat\", the valid ones are expand, limit, order, page, state, type, replica,"
        " origin, destination, since, until",
        Refuse({{"stat", "Failure"}}));
    for (const char* limit : {"", "0", "10001", "-1", "1x", " 1", "99999999999999999999"})
    {
      EXPECT_NE("", Refuse({{"limit", limit}})) << limit;
    }
    for (const char* moment :
         {"", "yesterday", "2026-01-01", "20260101T000000,20260101T000000", "20261301T000000",
          "2026-01-01T00:00:00+1", "2026-01-01T00:00:00.", "2026-01-01T00:00:00+25:00"})
    {
      EXPECT_NE("", Refuse({{"since", moment}})) << moment;
      EXPECT_NE("", Refuse({{"until", moment}})) << moment;
    }
    for (const char* text : {"", "a,,b", "a\xff"})
    {
      EXPECT_NE("", Refuse({{"type", text}})) << text;
      EXPECT_NE("", Refuse({{"destination", text}})) << text;
    }
    EXPECT_NE("", Refuse({{"replica", std::string("a\0b", 3)}}));
    EXPECT_NE("", Refuse({{"replica", std::string(1001, 'a')}}));
    EXPECT_NE("", Refuse({{"type", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"}}));
    EXPECT_NE("", Refuse({{"type", "1,2,3,4,5,6,7,8,9,10,11"},
                          {"state", "Pending,Running,Success,Failure,Paused,Retry"}}));
  }

  TEST(JobQuery, PageIsValidated)
  {
    const std::string token = FormatPageToken({1, 2, ""});
    EXPECT_EQ("", Refuse({{"page", token}}));
    EXPECT_EQ(-5, ParsePageToken(FormatPageToken({-5, 2, ""})).created);
    for (const std::string& wrong : {std::string(), std::string("1"), token + "0", token.substr(1),
                                     "x" + token.substr(1), "A" + token.substr(1), "-" + token.substr(1)})
    {
      EXPECT_NE("", Refuse({{"page", wrong}})) << wrong;
    }
  }

  TEST(JobQuery, Moments)
  {
    const Timestamp expected = *ParseTimestamp("20261125T210231.250000");
    for (const char* text :
         {"20261125T210231.25", "2026-11-25T22:02:31.250+01:00", "2026-11-25T22:02:31.250 01:00"})
    {
      EXPECT_EQ(expected, ParseJobFilter({{"since", {text}}}).since.value_or(0)) << text;
    }
    EXPECT_THROW(ParseJobFilter({{"until", {"2026-11-25T21:02"}}}), RegistryError);
  }
}
