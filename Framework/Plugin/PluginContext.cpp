// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/PluginContext.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"

#include <cstring>
#include <memory>
#include <new>

namespace OrthancRegistry::PluginContext
{
  namespace
  {
    constexpr int MINIMUM_MAJOR = 1;
    constexpr int MINIMUM_MINOR = 12;
    constexpr int MINIMUM_REVISION = 5;

    OrthancPluginContext* globalContext = nullptr;
    const char* globalPluginName = "";

    OrthancPluginLogLevel ToOrthancLevel(LogLevel level)
    {
      switch (level)
      {
      case LogLevel::Error:
        return OrthancPluginLogLevel_Error;
      case LogLevel::Warning:
        return OrthancPluginLogLevel_Warning;
      default:
        return OrthancPluginLogLevel_Info;
      }
    }

    void WriteToOrthancLog(LogLevel level, const std::string& message)
    {
      OrthancPluginLogMessage(globalContext, message.c_str(), globalPluginName, "", 0,
                              OrthancPluginLogCategory_Generic, ToOrthancLevel(level));
    }

    using CoreString = std::unique_ptr<char, void (*)(char*)>;

    CoreString TakeCoreString(char* text)
    {
      return CoreString(text,
                        [](char* owned)
                        {
                          OrthancPluginFreeString(globalContext, owned);
                        });
    }

    std::string GetMessage(std::string_view action, const char* text)
    {
      return std::string(action) + ": " + text;
    }
  }

  bool Initialize(OrthancPluginContext* context, const char* pluginName, const char* description)
  {
    globalContext = context;
    globalPluginName = pluginName;
    SetLogSink(&WriteToOrthancLog);
    if (!IsCoreAtLeast(MINIMUM_MAJOR, MINIMUM_MINOR, MINIMUM_REVISION))
    {
      // The log service with levels does not exist in all of these cores
      const std::string message = std::string("The plugin ") + pluginName +
                                  " needs Orthanc 1.12.5 or later, this is Orthanc " + GetCoreVersion();
      OrthancPluginLogError(context, message.c_str());
      return false;
    }
    OrthancPluginSetDescription2(context, pluginName, description);
    return true;
  }

  OrthancPluginContext* Get()
  {
    return globalContext;
  }

  bool IsCoreAtLeast(int major, int minor, int revision)
  {
    return OrthancPluginCheckVersionAdvanced(globalContext, major, minor, revision) == 1;
  }

  std::string GetCoreVersion()
  {
    return globalContext->orthancVersion;
  }

  Json::Value GetConfiguration()
  {
    const CoreString text = TakeCoreString(OrthancPluginGetConfiguration(globalContext));
    if (text == nullptr)
    {
      throw RegistryError(ErrorCode::InternalError, "Orthanc does not tell its configuration");
    }
    return ParseJson(text.get());
  }

  std::string GetServerIdentifier()
  {
    const char* const identifier = OrthancPluginGetDatabaseServerIdentifier(globalContext);
    if (identifier == nullptr)
    {
      throw RegistryError(ErrorCode::InternalError, "Orthanc does not tell its DatabaseServerIdentifier");
    }
    return identifier;
  }

  bool IsUpgrading()
  {
    const uint32_t count = OrthancPluginGetCommandLineArgumentsCount(globalContext);
    for (uint32_t i = 0; i < count; i++)
    {
      const CoreString argument = TakeCoreString(OrthancPluginGetCommandLineArgument(globalContext, i));
      if (argument != nullptr && std::string_view(argument.get()) == "--upgrade")
      {
        return true;
      }
    }
    return false;
  }

  void AllocateBuffer(OrthancPluginMemoryBuffer64& target, uint64_t size)
  {
    if (OrthancPluginCreateMemoryBuffer64(globalContext, &target, size) != OrthancPluginErrorCode_Success)
    {
      throw std::bad_alloc();
    }
  }

  void FillBuffer(OrthancPluginMemoryBuffer64& target, std::string_view content)
  {
    target.data = nullptr;
    target.size = 0;
    if (!content.empty())
    {
      AllocateBuffer(target, content.size());
      std::memcpy(target.data, content.data(), content.size());
    }
  }

  OrthancPluginErrorCode ReportException(std::string_view action) noexcept
  {
    try
    {
      try
      {
        throw;
      }
      catch (const RetryableError& error)
      {
        LogInfo(GetMessage(action, error.what()) + " (it will be run again)");
        return ToOrthanc(error.GetCode());
      }
      catch (const RegistryError& error)
      {
        LogError(GetMessage(action, error.what()));
        return ToOrthanc(error.GetCode());
      }
      catch (const std::bad_alloc&)
      {
        LogError(GetMessage(action, "not enough memory"));
        return OrthancPluginErrorCode_NotEnoughMemory;
      }
      catch (const std::exception& error)
      {
        LogError(GetMessage(action, error.what()));
        return OrthancPluginErrorCode_InternalError;
      }
      catch (...)
      {
        LogError(GetMessage(action, "unknown exception"));
        return OrthancPluginErrorCode_InternalError;
      }
    }
    catch (...) // no memory left for the message
    {
      return OrthancPluginErrorCode_NotEnoughMemory;
    }
  }
}
