// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Logging.h"
#include "Framework/Plugin/Adapter.h"

#include <orthanc/OrthancCPlugin.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace OrthancRegistry::Testing
{
  // The few services of Orthanc that the database backend uses, so that its C interface can be called as the
  // core calls it. One at a time: it installs itself as the context of the process.
  class FakeOrthanc
  {
  public:
    struct Answer
    {
      OrthancPluginErrorCode code = OrthancPluginErrorCode_Success;
      Adapter::Messages::Response message;
    };

    explicit FakeOrthanc(const char* version = "1.13.0");
    ~FakeOrthanc();

    FakeOrthanc(const FakeOrthanc&) = delete;
    FakeOrthanc& operator=(const FakeOrthanc&) = delete;

    // What PluginContext::Initialize() answers in this core
    bool InitializePlugin();

    // To the backend that was registered
    Answer Send(const Adapter::Messages::Request& request);
    OrthancPluginErrorCode SendBytes(const std::string& request, std::string& response);

    int CountLogs(LogLevel level) const;

#if REGISTRY_SDK_HAS_AUDIT_LOGS
    OrthancPluginAuditLogHandler GetAuditLogHandler() const
    {
      return auditLogHandler_;
    }
#endif

  private:
    static OrthancPluginErrorCode Invoke(OrthancPluginContext* context, _OrthancPluginService service,
                                         const void* parameters);
    OrthancPluginErrorCode Serve(_OrthancPluginService service, const void* parameters);

    OrthancPluginContext context_ = {};
    _OrthancPluginRegisterDatabaseBackendV4 backend_ = {};
#if REGISTRY_SDK_HAS_AUDIT_LOGS
    OrthancPluginAuditLogHandler auditLogHandler_ = nullptr;
#endif
    mutable std::mutex mutex_;
    std::vector<std::pair<OrthancPluginLogLevel, std::string>> logs_;
  };
}
