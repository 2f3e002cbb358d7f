// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CoreStability.h"

#include "Framework/Common/Logging.h"
#include "Framework/Plugin/PluginContext.h"

namespace OrthancRegistry
{
  bool CoreStability::IsSupported() const
  {
#if REGISTRY_SDK_HAS_STABLE_STATUS
    return PluginContext::IsCoreAtLeast(1, 12, 9);
#else
    return false;
#endif
  }

  bool CoreStability::SetStable([[maybe_unused]] const std::string& publicId, [[maybe_unused]] bool isStable)
  {
#if REGISTRY_SDK_HAS_STABLE_STATUS
    uint8_t hasChanged = 0;
    const auto code = OrthancPluginSetStableStatus(PluginContext::Get(), &hasChanged, publicId.c_str(),
                                                   isStable ? OrthancPluginStableStatus_Stable
                                                            : OrthancPluginStableStatus_Unstable);
    if (code != OrthancPluginErrorCode_Success)
    {
      LogInfo("The stable status of a resource cannot be changed, error " + std::to_string(code));
      return false;
    }
    return hasChanged != 0;
#else
    return false;
#endif
  }
}
