// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/RegistryConfiguration.h"

#include "Framework/Common/Configuration.h"
#include "Framework/Common/Errors.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t CONCURRENT_JOBS_DEFAULT = 2; // of the core; 0 is one per processor
    constexpr int64_t CONCURRENT_JOBS_MAXIMUM = 1000;
    constexpr unsigned int HEARTBEATS_PER_LEASE = 3; // one that comes late must not cost the lease

    constexpr const char* DEFAULT_KEY_VARIABLE = "ORTHANC_REGISTRY_KEY"; // of the environment

    constexpr unsigned int MILLISECONDS_PER_SECOND = 1000;
    constexpr uint64_t KILOBYTE = 1024;
    constexpr uint64_t MEGABYTE = 1024 * KILOBYTE;
    constexpr int64_t SECONDS_PER_DAY = 86400;
    constexpr unsigned int WAITERS_SHARE = 4;    // of the HTTP threads, at most one in that many may wait
    constexpr int64_t HTTP_THREADS_DEFAULT = 50; // of the core

    // The default of an option is what its target holds already.
    void ReadUnsigned(unsigned int& target, ConfigurationSection& section, const char* option,
                      int64_t minimum, int64_t maximum)
    {
      target = static_cast<unsigned int>(section.GetInteger(option, target, minimum, maximum));
    }

    void ReadSize(uint64_t& target, ConfigurationSection& section, const char* option, uint64_t unit,
                  int64_t minimum, int64_t maximum)
    {
      target = unit * static_cast<uint64_t>(
                          section.GetInteger(option, static_cast<int64_t>(target / unit), minimum, maximum));
    }

    JobPattern ReadPattern(ConfigurationSection& section)
    {
      return {section.GetString("Type", ""), section.GetString("Destination", "")};
    }

    void AddWarnings(RegistryConfiguration& target, const ConfigurationSection& section)
    {
      const auto warnings = section.GetWarnings();
      target.warnings.insert(target.warnings.end(), warnings.begin(), warnings.end());
    }

    std::vector<RetryRule> ReadRetries(RegistryConfiguration& target, ConfigurationSection& registry)
    {
      std::vector<RetryRule> rules;
      for (ConfigurationSection& section : registry.GetSections("Retry"))
      {
        RetryRule& rule = rules.emplace_back();
        rule.pattern = ReadPattern(section);
        ReadUnsigned(rule.attempts, section, "Attempts", 2, 1000);
        ReadUnsigned(rule.delaySeconds, section, "DelaySeconds", 1, SECONDS_PER_DAY);
        rule.factor = section.GetNumber("Factor", rule.factor, 1, 100);
        ReadUnsigned(rule.maximumDelaySeconds, section, "MaximumDelaySeconds", 1, 30 * SECONDS_PER_DAY);
        ReadUnsigned(rule.jitterPercent, section, "JitterPercent", 0, 100);
        AddWarnings(target, section);
      }
      return rules;
    }

    std::vector<FlowLimit> ReadLimits(RegistryConfiguration& target, ConfigurationSection& registry)
    {
      std::vector<FlowLimit> limits;
      for (ConfigurationSection& section : registry.GetSections("Limits"))
      {
        FlowLimit& limit = limits.emplace_back();
        limit.pattern = ReadPattern(section);
        ReadUnsigned(limit.maximum, section, "Maximum", 1, 1000000);
        AddWarnings(target, section);
      }
      return limits;
    }

    std::vector<std::string> ReadSubmitRoutes(ConfigurationSection& registry)
    {
      auto routes = registry.GetStrings("SubmitRoutes");
      for (const std::string& route : routes)
      {
        if (!route.starts_with('/') || route.find_first_of("?#") != std::string::npos)
        {
          throw RegistryError(ErrorCode::ParameterOutOfRange,
                              "Configuration: \"Registry.SubmitRoutes\" lists paths like "
                              "\"/dicom-web/servers/*/stow\", which this is not: " +
                                  route);
        }
      }
      return routes;
    }

    // The options of the core have been read already.
    void ReadDirectory(DirectoryConfiguration& directory, ConfigurationSection& section)
    {
      const bool areModalitiesEnabled = section.GetBoolean("EnableModalities", true);
      const bool arePeersEnabled = section.GetBoolean("EnablePeers", true);
      directory.areModalitiesShared = directory.areModalitiesShared && areModalitiesEnabled;
      directory.arePeersShared = directory.arePeersShared && arePeersEnabled;
      directory.isFrozen = section.GetBoolean("FreezeDirectory", false);
      directory.isFileImported = section.GetBoolean("ImportDirectory", false);
      ReadUnsigned(directory.patienceMilliseconds, section, "DirectoryPatienceMilliseconds", 0, 60000);
      ReadUnsigned(directory.historySize, section, "DirectoryHistorySize", 0, 10000000);
      directory.keyFile = section.GetString("SecretsKeyFile", "");
      directory.keyVariable = section.GetString("SecretsKeyVariable", "");
      if (directory.keyFile.empty() && directory.keyVariable.empty() &&
          std::getenv(DEFAULT_KEY_VARIABLE) != nullptr)
      {
        directory.keyVariable = DEFAULT_KEY_VARIABLE;
      }
      directory.oldKeyFiles = section.GetStrings("SecretsOldKeyFiles");
      if (!directory.keyFile.empty() && !directory.keyVariable.empty())
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "Configuration: only one of \"Registry.SecretsKeyFile\" and "
                            "\"Registry.SecretsKeyVariable\" may be given");
      }
    }

    void ReadCore(RegistryConfiguration& target, ConfigurationSection& core)
    {
      target.directory.areModalitiesShared = core.GetBoolean("DicomModalitiesInDatabase", false);
      target.directory.arePeersShared = core.GetBoolean("OrthancPeersInDatabase", false);
      ReadUnsigned(target.stability.ageSeconds, core, "StableAge", 0, std::numeric_limits<int>::max());
      if (target.stability.ageSeconds == 0)
      {
        target.stability.ageSeconds = StabilityConfiguration().ageSeconds; // as the core does
      }
      ReadUnsigned(target.queries.size, core, "QueryRetrieveSize", 0, 10000000);
      target.queries.localAet = core.GetString("DicomAet", "ORTHANC");
      target.queries.retrieveMethod = core.GetString("DicomDefaultRetrieveMethod", "C-MOVE");
    }

    void ReadRegistrySection(RegistryConfiguration& target, const Json::Value& configuration)
    {
      ConfigurationSection section("Registry", GetSection(configuration, "Registry"));
      JobsConfiguration& jobs = target.jobs;
      target.areJobsEnabled = section.GetBoolean("EnableJobs", true);

      ReadUnsigned(jobs.leaseSeconds, section, "LeaseSeconds", 3, 3600);
      unsigned int heartbeat = jobs.heartbeatMilliseconds / MILLISECONDS_PER_SECOND;
      ReadUnsigned(heartbeat, section, "HeartbeatSeconds", 1, 60);
      jobs.heartbeatMilliseconds = heartbeat * MILLISECONDS_PER_SECOND;
      ReadUnsigned(jobs.maximumAttempts, section, "MaxAttempts", 1, 100);
      ReadUnsigned(jobs.maximumCrashes, section, "MaxCrashes", 1, 100);
      ReadUnsigned(jobs.localJobsGraceSeconds, section, "LocalJobsGraceSeconds", 0, SECONDS_PER_DAY);
      ReadUnsigned(jobs.drainSeconds, section, "DrainSeconds", 0, 3600);

      jobs.retries = ReadRetries(target, section);
      jobs.limits = ReadLimits(target, section);
      ReadUnsigned(jobs.ageingSeconds, section, "AgeingSeconds", 0, SECONDS_PER_DAY);
      ReadUnsigned(jobs.maximumWaitingJobs, section, "MaximumWaitingJobs", 0, 10000000);
      ReadSize(jobs.maximumBodySize, section, "MaximumBodySizeMB", MEGABYTE, 1, 256);
      ReadSize(jobs.maximumContentSize, section, "MaximumContentSizeMB", MEGABYTE, 1, 256);
      ReadSize(jobs.compressionThreshold, section, "CompressAboveKB", KILOBYTE, 1, 1048576);
      jobs.submitRoutes = ReadSubmitRoutes(section);

      ReadUnsigned(jobs.historySize, section, "HistorySize", 0, 10000000);
      ReadUnsigned(jobs.historyDays, section, "HistoryDays", 0, 36500);

      jobs.areOutputsAsInCore = section.GetBoolean("OutputsAsInCore", false);
      ReadUnsigned(jobs.outputsCount, section, "OutputsCount", 0, 1000000);
      ReadUnsigned(jobs.outputsSizeMegabytes, section, "OutputsSizeMB", 0, 100000000);
      ReadUnsigned(jobs.outputsHours, section, "OutputsHours", 0, 876000);

      ReadUnsigned(jobs.maximumWaiters, section, "MaximumWaiters", 0, 1000);

      ReadDirectory(target.directory, section);
      target.stability.isEnabled = section.GetBoolean("EnableStability", true);
      target.queries.isEnabled = section.GetBoolean("EnableQueries", true);
      ReadUnsigned(target.queries.hours, section, "QueriesHours", 0, 876000);
      AddWarnings(target, section);
      if (jobs.leaseSeconds < HEARTBEATS_PER_LEASE * heartbeat)
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
    result.jobs.isReadOnly = result.isReadOnly;
    result.directory.isReadOnly = result.isReadOnly;
    result.name = core.GetString("Name", "MyOrthanc");
    const int64_t concurrent =
        core.GetInteger("ConcurrentJobs", CONCURRENT_JOBS_DEFAULT, 0, CONCURRENT_JOBS_MAXIMUM);
    result.jobs.concurrentJobs = concurrent == 0 ? std::max(1u, std::thread::hardware_concurrency())
                                                 : static_cast<unsigned int>(concurrent);
    ReadCore(result, core);
    ReadUnsigned(result.jobs.mediaArchiveSize, core, "MediaArchiveSize", 0, 1000000);
    ReadRegistrySection(result, configuration);
    const auto threads =
        static_cast<unsigned int>(core.GetInteger("HttpThreadsCount", HTTP_THREADS_DEFAULT, 1, 1000000));
    result.jobs.maximumWaiters = std::min(result.jobs.maximumWaiters, threads / WAITERS_SHARE);
    return result;
  }
}
