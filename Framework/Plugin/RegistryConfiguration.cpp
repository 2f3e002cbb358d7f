// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RegistryConfiguration.h"

#include "Framework/Common/Configuration.h"
#include "Framework/Common/Errors.h"

#include <algorithm>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t LEASE_SECONDS_DEFAULT = 15;
    constexpr int64_t HEARTBEAT_SECONDS_DEFAULT = 1;
    constexpr int64_t MAX_ATTEMPTS_DEFAULT = 3;
    constexpr int64_t CONCURRENT_JOBS_DEFAULT = 2; // of the core; 0 is one per processor
    constexpr int64_t CONCURRENT_JOBS_MAXIMUM = 1000;
    constexpr unsigned int HEARTBEATS_PER_LEASE = 3; // one that comes late must not cost the lease

    void ReadRegistrySection(RegistryConfiguration& target, const Json::Value& configuration)
    {
      ConfigurationSection section("Registry", GetSection(configuration, "Registry"));
      target.areJobsEnabled = section.GetBoolean("EnableJobs", true);
      target.jobs.leaseSeconds =
          static_cast<unsigned int>(section.GetInteger("LeaseSeconds", LEASE_SECONDS_DEFAULT, 3, 3600));
      const auto heartbeat =
          static_cast<unsigned int>(section.GetInteger("HeartbeatSeconds", HEARTBEAT_SECONDS_DEFAULT, 1, 60));
      target.jobs.heartbeatMilliseconds = heartbeat * 1000;
      target.jobs.maximumAttempts =
          static_cast<unsigned int>(section.GetInteger("MaxAttempts", MAX_ATTEMPTS_DEFAULT, 1, 100));
      section.CheckUnknownOptions();
      if (target.jobs.leaseSeconds < HEARTBEATS_PER_LEASE * heartbeat)
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "Configuration: \"Registry.LeaseSeconds\" must be at least three times "
                            "\"Registry.HeartbeatSeconds\"");
      }
    }
  }

  const Json::Value& GetSection(const Json::Value& configuration, const char* name)
  {
    return configuration.isMember(name) ? configuration[name] : Json::Value::nullSingleton();
  }

  RegistryConfiguration RegistryConfiguration::Read(const Json::Value& configuration)
  {
    RegistryConfiguration result;
    ConfigurationSection core("Orthanc", configuration);
    result.isReadOnly = core.GetBoolean("ReadOnly", false);
    result.name = core.GetString("Name", "MyOrthanc");
    const int64_t concurrent =
        core.GetInteger("ConcurrentJobs", CONCURRENT_JOBS_DEFAULT, 0, CONCURRENT_JOBS_MAXIMUM);
    result.jobs.concurrentJobs = concurrent == 0 ? std::max(1u, std::thread::hardware_concurrency())
                                                 : static_cast<unsigned int>(concurrent);
    ReadRegistrySection(result, configuration);
    return result;
  }
}
