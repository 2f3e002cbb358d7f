// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryHistory.h"

#include "Framework/Common/Json.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "UnitTests/TestDatabases.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  class DirectoryHistoryTest : public EngineTest
  {
  protected:
    void SetUp() override
    {
      EngineTest::SetUp();
      database_->Migrate("Directory");
    }
  };

  TEST_P(DirectoryHistoryTest, ValuesAreRecordedWithoutSecrets)
  {
    const DirectoryValue value =
        DirectoryFormat::Parse(DirectoryKind::Peers, ParseJson(R"(["http://u:canary@h/", "u", "canary"])"));
    Transaction transaction(GetDatabase(), AccessMode::ReadWrite);
    DirectoryHistory::Record(transaction, {DirectoryKind::Peers, 1, "p", 1, std::nullopt, value, "", {}});
    DirectoryHistory::Record(
        transaction, {DirectoryKind::Peers, 2, "p", 2, value, std::nullopt, "r\xff", {"user", "ip", "a"}});
    const auto rows =
        transaction.Query<int64_t, std::string, int64_t, std::optional<std::string>,
                          std::optional<std::string>, std::string, std::string, std::string, std::string>(
            "SELECT version, name, revision, oldValue, newValue, reason, replica, userName, remoteIp "
            "FROM SharedDirectoryHistory WHERE kind = 1 AND changedAt > 0 ORDER BY version");
    const std::string masked =
        R"({"HttpHeaders":{},"Password":"***","Pkcs11":false,"Timeout":0,"Url":"http://***@h/","Username":"u"})";
    using Row = std::remove_cvref_t<decltype(rows.front())>;
    EXPECT_THAT(rows, testing::ElementsAre(Row(1, "p", 1, std::nullopt, masked, "", "", "", ""),
                                           Row(2, "p", 2, masked, std::nullopt, "r?", "a", "user", "ip")));
  }

  CONFORMANCE_SUITE(DirectoryHistoryTest);
}
