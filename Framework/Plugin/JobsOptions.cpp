// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/JobsOptions.h"

#include "Framework/Plugin/PluginContext.h"

namespace OrthancRegistry
{
  std::string DescribeError(int code)
  {
    const char* text =
        OrthancPluginGetErrorDescription(PluginContext::Get(), static_cast<OrthancPluginErrorCode>(code));
    return text == nullptr ? "Unknown error code" : text;
  }

  JobsOptions JobsOptions::Read(const Json::Value& configuration)
  {
    const auto readBoolean = [&](const char* option, bool defaultValue)
    {
      return configuration[option].isBool() ? configuration[option].asBool() : defaultValue;
    };
    JobsOptions options;
    options.describeErrors = readBoolean("HttpDescribeErrors", true);
    options.hasPatients = readBoolean("PatientLevelEnabled", true);
    options.overwriteInstances = readBoolean("OverwriteInstances", false);
    if (configuration["OverwriteInstances"].isString())
    {
      options.overwriteInstances = configuration["OverwriteInstances"].asString() != "Never";
    }
    options.isAuthenticationEnabled =
        readBoolean("AuthenticationEnabled", readBoolean("RemoteAccessAllowed", false));
    options.dictionary = configuration["Dictionary"];
    return options;
  }

  HttpAnswer JobsOptions::FormatFailure(const FailedCall& failure) const
  {
    return describeErrors ? HttpAnswer::Json(FormatError(failure, DescribeError), failure.status)
                          : HttpAnswer::Empty(failure.status);
  }
}
