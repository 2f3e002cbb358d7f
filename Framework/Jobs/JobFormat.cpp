// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobFormat.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace OrthancRegistry
{
  namespace
  {
    constexpr double MILLISECONDS_PER_SECOND = 1000.0;
    constexpr Timestamp MICROSECONDS_PER_MILLISECOND = 1000;
    constexpr int COMPLETE = 100; // progress, in percent

    // The core extrapolates from the first percent on
    std::optional<Timestamp> EstimateEnd(const Job& job, Timestamp now)
    {
      if (job.state != JobState::Running || job.progress <= 1 || job.runtimeMilliseconds <= 0)
      {
        return std::nullopt;
      }
      const double remaining = static_cast<double>(job.runtimeMilliseconds) / job.progress *
                               static_cast<double>(COMPLETE - job.progress);
      return now + std::llround(remaining) * MICROSECONDS_PER_MILLISECOND;
    }

    void RedactUrl(Json::Value& url)
    {
      if (url.isString())
      {
        url = RedactText(url.asString());
      }
    }

    Json::Value RedactPeer(Json::Value peer)
    {
      if (peer.isArray()) // [url] or [url, user, password]
      {
        for (Json::ArrayIndex i = 2; i < peer.size(); i++)
        {
          peer[i] = "";
        }
        if (!peer.empty())
        {
          RedactUrl(peer[0]);
        }
      }
      else if (peer.isObject())
      {
        peer.removeMember("Password");
        peer.removeMember("CertificateKeyPassword");
        if (peer.isMember("Url"))
        {
          RedactUrl(peer["Url"]);
        }
        if (peer.isMember("HttpHeaders") && peer["HttpHeaders"].isObject())
        {
          Json::Value names = Json::arrayValue;
          for (const auto& name : peer["HttpHeaders"].getMemberNames())
          {
            names.append(name);
          }
          peer["HttpHeaders"] = names;
        }
      }
      return peer;
    }
  }

  Json::Value FormatJob(const Job& job, Timestamp now, const ErrorDescriber& describe)
  {
    Json::Value target = Json::objectValue;
    target["ID"] = job.id;
    target["Type"] = job.type;
    target["Content"] = RedactContent(job.type, job.content);
    target["State"] = GetName(job.state);
    target["Priority"] = job.priority;
    target["Progress"] = job.progress;
    target["ErrorCode"] = job.errorCode;
    target["ErrorDescription"] = describe(job.errorCode);
    target["ErrorDetails"] = RedactText(job.errorDetails);
    target["CreationTime"] = FormatTimestamp(job.created);
    target["Timestamp"] = FormatTimestamp(now);
    target["EffectiveRuntime"] = static_cast<double>(job.runtimeMilliseconds) / MILLISECONDS_PER_SECOND;
    if (job.completed && IsEnded(job.state))
    {
      target["CompletionTime"] = FormatTimestamp(*job.completed);
    }
    if (const auto end = EstimateEnd(job, now))
    {
      target["EstimatedTimeOfArrival"] = FormatTimestamp(*end);
    }
    if (!job.userData.isNull())
    {
      target["UserData"] = job.userData;
    }
    if (!job.errorPayload.isNull())
    {
      target["ErrorPayload"] = job.errorPayload;
    }
    if (job.notBefore)
    {
      target["NotBefore"] = FormatTimestamp(*job.notBefore);
    }
    target["Replica"] = job.replica;
    target["Origin"] = GetName(job.origin);
    if (!job.destination.empty())
    {
      target["Destination"] = job.destination;
    }
    if (!job.submittedBy.empty())
    {
      target["SubmittedBy"] = job.submittedBy;
    }
    target["Attempt"] = job.attempts;
    target["Revision"] = static_cast<Json::Int64>(job.revision);
    return target;
  }

  Json::Value RedactContent(const std::string& jobType, Json::Value content)
  {
    if (jobType == "OrthancPeerStore" && content.isObject() && content.isMember("Peer"))
    {
      content["Peer"] = RedactPeer(content["Peer"]);
    }
    return content;
  }

  std::string RedactText(const std::string& text)
  {
    constexpr std::string_view SCHEME_END = "://";
    std::string result;
    size_t position = 0;
    for (size_t scheme = text.find(SCHEME_END); scheme != std::string::npos;
         scheme = text.find(SCHEME_END, position))
    {
      const size_t authority = scheme + SCHEME_END.size();
      const size_t end = std::min(text.find_first_of("/?# \t\r\n\"'", authority), text.size());
      const size_t at = text.substr(0, end).rfind('@');
      result += text.substr(position, authority - position);
      position = at != std::string::npos && at >= authority ? at + 1 : authority;
    }
    return result + text.substr(position);
  }
}
