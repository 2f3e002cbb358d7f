// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/AuditLogs.h"

#include "Framework/Common/Json.h"
#include "Framework/Plugin/AuditLogsHandler.h"
#include "UnitTests/Index/IndexTest.h"

namespace OrthancRegistry::Testing
{
  class AuditLogsTest : public IndexTest
  {
  protected:
    void Record(const AuditLog& log)
    {
      RunInIndex(*database_,
                 [&](IndexTransaction& t)
                 {
                   AuditLogs::Record(t.transaction, log);
                 });
    }

    // As if the log with that action had been recorded at that moment, in milliseconds
    void SetMoment(const std::string& action, const std::string& moment)
    {
      RunInIndex(*database_,
                 [&](IndexTransaction& t)
                 {
                   t.transaction.Execute(
                       GetParam() == Engine::PostgreSQL
                           ? "UPDATE AuditLogs SET ts = CAST(CAST($1 AS TIMESTAMPTZ) AS "
                             "TIMESTAMP) WHERE action = $2"
                           : "UPDATE AuditLogs SET ts = substr(replace($1, 'T', ' '), 1, 23) "
                             "WHERE action = $2",
                       moment, action);
                 });
    }

    HttpAnswer Call(const std::map<std::string, std::string>& arguments, HttpMethod method = HttpMethod::Get)
    {
      HttpCall call;
      call.method = method;
      call.arguments = arguments;
      AuditLogsHandler handler(GetDatabase(), database_->GetDialect());
      HttpAnswer answer = handler.List(call);
      if (answer.stream)
      {
        answer.stream(
            [&](std::string_view chunk)
            {
              answer.body += chunk;
            });
      }
      return answer;
    }

    Json::Value List(const std::map<std::string, std::string>& arguments)
    {
      return ParseJson(Call(arguments).body);
    }

    // The actions of the answer, one after the other
    std::string ListActions(const std::map<std::string, std::string>& arguments)
    {
      std::string actions;
      for (const Json::Value& log : List(arguments))
      {
        actions += log["Action"].asString();
      }
      return actions;
    }

    static bool IsRefused(const std::function<void()>& action)
    {
      try
      {
        action();
      }
      catch (const RegistryError& error)
      {
        return error.GetCode() == ErrorCode::ParameterOutOfRange;
      }
      return false;
    }
  };
  CONFORMANCE_SUITE(AuditLogsTest);

  TEST_P(AuditLogsTest, EmptyIsNull)
  {
    EXPECT_EQ(Call({}).body, "null\n");
    EXPECT_EQ(Call({}).headers.at("Content-Type"), "application/json");
  }

  TEST_P(AuditLogsTest, ShowsAllFields)
  {
    Record({"plugin", "alice", 1, "study-id", "view", Binary{R"({"Ip":"10.0.0.1"})"}});
    SetMoment("view", "2025-08-11T11:25:55.639Z");
    Json::Value expected;
    expected["SourcePlugin"] = "plugin";
    expected["Timestamp"] = "2025-08-11T11:25:55.639Z";
    expected["UserId"] = "alice";
    expected["ResourceId"] = "study-id";
    expected["ResourceType"] = "Study";
    expected["Action"] = "view";
    expected["Base64LogData"] = "eyJJcCI6IjEwLjAuMC4xIn0=";
    EXPECT_EQ(List({})[0], expected);
    EXPECT_EQ(List({{"log-data-format", "base64"}})[0], expected);
    expected.removeMember("Base64LogData");
    expected["JsonLogData"]["Ip"] = "10.0.0.1";
    EXPECT_EQ(List({{"log-data-format", "json"}})[0], expected);
  }

  TEST_P(AuditLogsTest, DataMayBeAbsentOrNoJson)
  {
    Record({"p", "u", 4, "", "a", std::nullopt});
    Record({"p", "u", 0, "", "b", Binary{std::string("\xff\0", 2)}});
    for (const char* format : {"json", "base64"})
    {
      const Json::Value logs = List({{"log-data-format", format}});
      const std::string member = format == std::string("json") ? "JsonLogData" : "Base64LogData";
      ASSERT_TRUE(logs[0].isMember(member));
      EXPECT_TRUE(logs[0][member].isNull());
      EXPECT_EQ(logs[1]["Base64LogData"], "/wA=");
      EXPECT_EQ(logs[0]["ResourceType"], "None");
      EXPECT_EQ(logs[1]["ResourceType"], "Patient");
    }
  }

  TEST_P(AuditLogsTest, RecordsWhatIsOddAsWell)
  {
    const std::string longId(100, 'x');
    Record({"p", "u\xff", 3, longId, "a", std::nullopt});
    const Json::Value log = List({})[0];
    EXPECT_EQ(log["UserId"], "u?");
    EXPECT_EQ(log["ResourceId"], longId.substr(0, 64));
    EXPECT_EQ(log["ResourceType"], "Instance");
  }

  TEST_P(AuditLogsTest, Filters)
  {
    Record({"p", "alice", 1, "s1", "a", std::nullopt});
    Record({"p", "bob", 1, "s1", "b", std::nullopt});
    Record({"p", "alice", 1, "s2", "c", std::nullopt});
    EXPECT_EQ(ListActions({}), "abc");
    EXPECT_EQ(ListActions({{"user-id", "alice"}}), "ac");
    EXPECT_EQ(ListActions({{"resource-id", "s1"}}), "ab");
    EXPECT_EQ(ListActions({{"action", "b"}}), "b");
    EXPECT_EQ(ListActions({{"user-id", "alice"}, {"resource-id", "s1"}, {"action", "a"}}), "a");
    EXPECT_EQ(ListActions({{"user-id", "Alice"}}), "");
    EXPECT_EQ(ListActions({{"user-id", ""}, {"action", ""}, {"resource-id", ""}}), "abc");
    EXPECT_EQ(ListActions({{"user-id", "' OR '1'='1"}}), "");
  }

  TEST_P(AuditLogsTest, FiltersByTime)
  {
    Record({"p", "u", 1, "s", "b", std::nullopt});
    Record({"p", "u", 1, "s", "a", std::nullopt});
    Record({"p", "u", 1, "s", "c", std::nullopt});
    SetMoment("a", "2025-08-11T11:00:00.000Z");
    SetMoment("b", "2025-08-11T11:00:00.001Z");
    SetMoment("c", "2025-08-12T00:00:00.000Z");
    EXPECT_EQ(ListActions({}), "abc");
    EXPECT_EQ(ListActions({{"from-timestamp", "2025-08-11T11:00:00.000Z"}}), "abc");
    EXPECT_EQ(ListActions({{"from-timestamp", "2025-08-11T11:00:00.001Z"}}), "bc");
    EXPECT_EQ(ListActions({{"from-timestamp", "2025-08-11T13:00:00.001+02:00"}}), "bc");
    EXPECT_EQ(ListActions({{"from-timestamp", "2025-08-12"}}), "c");
    EXPECT_EQ(ListActions({{"to-timestamp", "2025-08-11 11:00:00.001"}}), "a");
    EXPECT_EQ(ListActions({{"to-timestamp", "2025-08-12"}}), "ab");
    EXPECT_EQ(ListActions({{"from-timestamp", "2025-08-11T11:00:00.001Z"}, {"to-timestamp", "2025-08-12"}}),
              "b");
    EXPECT_EQ(ListActions({{"from-timestamp", "1900-01-01"}, {"to-timestamp", "9999-12-31"}}), "abc");
  }

  TEST_P(AuditLogsTest, Pages)
  {
    for (const char* action : {"a", "b", "c", "d"})
    {
      Record({"p", "u", 1, "s", action, std::nullopt});
      SetMoment(action, "2025-08-11T11:00:00.000Z"); // all the same
    }
    EXPECT_EQ(ListActions({{"limit", "3"}}), ListActions({}).substr(0, 3));
    EXPECT_EQ(ListActions({{"since", "1"}}), ListActions({}).substr(1));
    EXPECT_EQ(ListActions({{"since", "1"}, {"limit", "2"}}), ListActions({}).substr(1, 2));
    EXPECT_EQ(ListActions({{"since", "4"}}), "");
    EXPECT_EQ(ListActions({{"limit", "0"}}).size(), 4u);
  }

  TEST_P(AuditLogsTest, ManyAreSentInPieces)
  {
    RunInIndex(*database_,
               [&](IndexTransaction& t)
               {
                 for (int i = 0; i < 1001; i++)
                 {
                   AuditLogs::Record(t.transaction, {"p", "u", 1, "s", std::to_string(i), std::nullopt});
                 }
               });
    const HttpAnswer answer = Call({});
    EXPECT_TRUE(answer.stream);
    const Json::Value logs = ParseJson(answer.body);
    EXPECT_EQ(WriteStyledJson(logs), answer.body);
    std::set<std::string> actions;
    for (const Json::Value& log : logs)
    {
      actions.insert(log["Action"].asString());
    }
    EXPECT_EQ(logs.size(), 1001u);
    EXPECT_EQ(actions.size(), 1001u);
    EXPECT_EQ(List({{"limit", "401"}}).size(), 401u);
    EXPECT_EQ(List({{"limit", "400"}}).size(), 400u);
    EXPECT_EQ(List({{"since", "700"}, {"limit", "400"}}).size(), 301u);
  }

  TEST_P(AuditLogsTest, RefusesWhatMakesNoSense)
  {
    EXPECT_EQ(Call({}, HttpMethod::Post).status, 405);
    for (const auto& [name, value] : std::map<std::string, std::string>{{"limit", "x"},
                                                                        {"since", "-1"},
                                                                        {"from-timestamp", "yesterday"},
                                                                        {"to-timestamp", "2025-13-01"},
                                                                        {"log-data-format", "xml"}})
    {
      EXPECT_TRUE(IsRefused(
          [&]
          {
            Call({{name, value}});
          }))
          << name;
    }
  }
}
