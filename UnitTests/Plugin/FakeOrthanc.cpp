// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Plugin/FakeOrthanc.h"

#include "Framework/Plugin/PluginContext.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace OrthancRegistry::Testing
{
  FakeOrthanc::FakeOrthanc(const char* version)
  {
    context_.pluginsManager = this;
    context_.orthancVersion = version;
    context_.Free = &std::free;
    context_.InvokeService = &FakeOrthanc::Invoke;
  }

  FakeOrthanc::~FakeOrthanc()
  {
    SetLogSink(nullptr);
  }

  bool FakeOrthanc::InitializePlugin()
  {
    return PluginContext::Initialize(&context_, "test", "A test");
  }

  OrthancPluginErrorCode FakeOrthanc::Invoke(OrthancPluginContext* context, _OrthancPluginService service,
                                             const void* parameters)
  {
    return static_cast<FakeOrthanc*>(context->pluginsManager)->Serve(service, parameters);
  }

  OrthancPluginErrorCode FakeOrthanc::Serve(_OrthancPluginService service, const void* parameters)
  {
    const std::lock_guard lock(mutex_);
    switch (service)
    {
    case _OrthancPluginService_LogMessage:
    {
      const auto& message = *static_cast<const _OrthancPluginLogMessage*>(parameters);
      logs_.emplace_back(message.level, message.message);
      return OrthancPluginErrorCode_Success;
    }
    case _OrthancPluginService_LogError:
      logs_.emplace_back(OrthancPluginLogLevel_Error, static_cast<const char*>(parameters));
      return OrthancPluginErrorCode_Success;
    case _OrthancPluginService_CreateMemoryBuffer64:
    {
      const auto& create = *static_cast<const _OrthancPluginCreateMemoryBuffer64*>(parameters);
      create.target->data = std::malloc(create.size);
      create.target->size = create.size;
      return OrthancPluginErrorCode_Success;
    }
    case _OrthancPluginService_RegisterDatabaseBackendV4:
      backend_ = *static_cast<const _OrthancPluginRegisterDatabaseBackendV4*>(parameters);
      return OrthancPluginErrorCode_Success;
#if REGISTRY_SDK_HAS_AUDIT_LOGS
    case _OrthancPluginService_RegisterAuditLogHandler:
      auditLogHandler_ = static_cast<const _OrthancPluginAuditLogHandler*>(parameters)->handler;
      return OrthancPluginErrorCode_Success;
#endif
    case _OrthancPluginService_RegisterRestCallbackNoLock:
    case _OrthancPluginService_SetPluginProperty:
      return OrthancPluginErrorCode_Success;
    default:
      return OrthancPluginErrorCode_UnknownPluginService;
    }
  }

  OrthancPluginErrorCode FakeOrthanc::SendBytes(const std::string& request, std::string& response)
  {
    OrthancPluginMemoryBuffer64 buffer = {};
    const auto code = backend_.operations(&buffer, backend_.backend, request.data(), request.size());
    if (buffer.size > 0) // the only case in which the core releases it
    {
      response.assign(static_cast<const char*>(buffer.data), buffer.size);
      std::free(buffer.data);
    }
    return code;
  }

  FakeOrthanc::Answer FakeOrthanc::Send(const Adapter::Messages::Request& request)
  {
    Answer answer;
    std::string bytes;
    answer.code = SendBytes(request.SerializeAsString(), bytes);
    if (!answer.message.ParseFromString(bytes))
    {
      throw std::runtime_error("The backend answers what is no protocol buffer");
    }
    return answer;
  }

  int FakeOrthanc::CountLogs(LogLevel level) const
  {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count_if(logs_.begin(), logs_.end(),
                                          [&](const auto& log)
                                          {
                                            return log.first == static_cast<OrthancPluginLogLevel>(level);
                                          }));
  }
}
