// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"

#include <json/value.h>
#include <orthanc/OrthancCPlugin.h>

#include <string>
#include <string_view>

// What the whole edge to Orthanc shares: the context of the process. It is global because most callbacks of
// the SDK carry no pointer of the plugin. Set in OrthancPluginInitialize() before anything else, thread-safe
// after.
namespace OrthancRegistry::PluginContext
{
  // Installs the context and sends the log lines of the whole library to the log of Orthanc. Answers false,
  // with a message in the log, if the running core is older than 1.12.5. "pluginName" must outlive the
  // process.
  bool Initialize(OrthancPluginContext* context, const char* pluginName, const char* description);

  OrthancPluginContext* Get();

  // True if the running core is of that version or a later one; to be asked before any newer service of the
  // SDK.
  bool IsCoreAtLeast(int major, int minor, int revision);

  // The version of the running core, such as "1.13.0"
  std::string GetCoreVersion();

  // The whole configuration of Orthanc
  Json::Value GetConfiguration();

  // The value of "DatabaseServerIdentifier" in /system
  std::string GetServerIdentifier();

  // Orthanc was started with the argument "--upgrade": it opens the database, then ends.
  bool IsUpgrading();

  // Fills a buffer that the core has provided empty. Nothing is allocated for an empty content, because the
  // core would not release it.
  void FillBuffer(OrthancPluginMemoryBuffer64& target, std::string_view content);

  // Allocates a buffer that the caller fills. Precondition: size > 0
  void AllocateBuffer(OrthancPluginMemoryBuffer64& target, uint64_t size);

  inline OrthancPluginErrorCode ToOrthanc(ErrorCode code)
  {
    return static_cast<OrthancPluginErrorCode>(code);
  }

  // To be called from a catch block only: the code of the current exception, and one line in the log that
  // begins with "action". What will be run again is logged as information only.
  OrthancPluginErrorCode ReportException(std::string_view action) noexcept;
}

namespace OrthancRegistry
{
  // Runs a callback of the C interface, which no exception may leave.
  template <typename Callback>
  OrthancPluginErrorCode Guard(std::string_view action, Callback callback) noexcept
  {
    try
    {
      callback();
      return OrthancPluginErrorCode_Success;
    }
    catch (...)
    {
      return PluginContext::ReportException(action);
    }
  }
}
