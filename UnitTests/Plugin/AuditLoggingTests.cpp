// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/AuditLogging.h"

#include "UnitTests/Index/IndexTest.h"
#include "UnitTests/Plugin/FakeOrthanc.h"

#if REGISTRY_SDK_HAS_AUDIT_LOGS

namespace OrthancRegistry::Testing
{
  class AuditLoggingTest : public IndexTest
  {
  protected:
    std::vector<StoredAuditLog> ReadAll()
    {
      return AuditLogsReader(GetDatabase(), database_->GetDialect(), {}).ReadPiece();
    }
  };
  CONFORMANCE_SUITE(AuditLoggingTest);

  TEST_P(AuditLoggingTest, RecordsWhatIsEmitted)
  {
    FakeOrthanc orthanc;
    ASSERT_TRUE(orthanc.InitializePlugin());
    AuditLogging logging("/route");
    const auto handler = orthanc.GetAuditLogHandler();
    ASSERT_NE(handler, nullptr);
    const auto emit = [&](const char* action, const std::string& data)
    {
      return handler("plugin", "alice", OrthancPluginResourceType_Series, "series-id", action, data.data(),
                     static_cast<uint32_t>(data.size()));
    };

    EXPECT_EQ(emit("too early", ""), OrthancPluginErrorCode_DatabaseUnavailable);
    logging.Open(GetDatabase(), database_->GetDialect());
    EXPECT_EQ(emit("view", ""), OrthancPluginErrorCode_Success);
    EXPECT_EQ(emit("change", std::string("\0x", 2)), OrthancPluginErrorCode_Success);
    EXPECT_EQ(handler(nullptr, nullptr, OrthancPluginResourceType_None, nullptr, nullptr, nullptr, 0),
              OrthancPluginErrorCode_Success);
    logging.Close();
    EXPECT_EQ(emit("too late", ""), OrthancPluginErrorCode_DatabaseUnavailable);
    EXPECT_EQ(orthanc.CountLogs(LogLevel::Error), 2);

    const auto logs = ReadAll();
    ASSERT_EQ(logs.size(), 3u);
    EXPECT_EQ(logs[0].log.sourcePlugin, "plugin");
    EXPECT_EQ(logs[0].log.userId, "alice");
    EXPECT_EQ(logs[0].log.resourceType, 2);
    EXPECT_EQ(logs[0].log.resourceId, "series-id");
    EXPECT_EQ(logs[0].log.action, "view");
    EXPECT_EQ(logs[0].log.data, std::nullopt);
    EXPECT_EQ(logs[1].log.data->bytes, std::string("\0x", 2));
    EXPECT_EQ(logs[2].log.resourceType, 4);
    EXPECT_EQ(logs[2].log.action, "");
  }

  TEST_P(AuditLoggingTest, IsNotThereInOldCores)
  {
    FakeOrthanc orthanc("1.12.8");
    ASSERT_TRUE(orthanc.InitializePlugin());
    const AuditLogging logging("/route");
    EXPECT_EQ(orthanc.GetAuditLogHandler(), nullptr);
  }
}

#endif
