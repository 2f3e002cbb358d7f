// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/CoreClient.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Jobs/JobBody.h"
#include "Framework/Jobs/JobFormat.h"
#include "Framework/Jobs/JobRoutes.h"
#include "Framework/Jobs/JobTransitions.h"
#include "Framework/Plugin/HttpFileName.h"
#include "Framework/Plugin/HttpMethods.h"
#include "Framework/Plugin/PluginContext.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <new>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int HTTP_OK = 200;

    // A buffer that the core allocates and we release
    class MemoryBuffer
    {
    public:
      MemoryBuffer() = default;

      ~MemoryBuffer()
      {
        if (buffer_.data != nullptr)
        {
          OrthancPluginFreeMemoryBuffer(PluginContext::Get(), &buffer_);
        }
      }

      MemoryBuffer(const MemoryBuffer&) = delete;
      MemoryBuffer& operator=(const MemoryBuffer&) = delete;

      OrthancPluginMemoryBuffer* GetTarget()
      {
        return &buffer_;
      }

      std::string_view GetContent() const
      {
        return buffer_.data == nullptr
                   ? std::string_view()
                   : std::string_view(static_cast<const char*>(buffer_.data), buffer_.size);
      }

    private:
      OrthancPluginMemoryBuffer buffer_{};
    };

    std::string ToLowerCase(std::string text)
    {
      std::transform(text.begin(), text.end(), text.begin(),
                     [](unsigned char c)
                     {
                       return static_cast<char>(std::tolower(c));
                     });
      return text;
    }

    ErrorCode GetErrorOfStatus(int status)
    {
      switch (status)
      {
      case 401:
      case 403:
        return ErrorCode::ForbiddenAccess;
      case 404:
        return ErrorCode::UnknownResource;
      case 503:
        return ErrorCode::DatabaseUnavailable;
      default:
        return status >= 500 ? ErrorCode::InternalError : ErrorCode::BadRequest;
      }
    }

    // The body of the answer stays in the buffer of the core.
    CoreAnswer CallIntoBuffer(MemoryBuffer& answerBody, HttpMethod method, const std::string& uri,
                              std::string_view body, CoreRoutes routes)
    {
      if (body.size() > std::numeric_limits<uint32_t>::max())
      {
        throw RegistryError(ErrorCode::NotEnoughMemory,
                            "The body of a call to the core is larger than 4 GiB");
      }

      MemoryBuffer answerHeaders;
      uint16_t status = 0;
      OrthancPluginErrorCode code = OrthancPluginErrorCode_InternalError;
      try
      {
        code = OrthancPluginCallRestApi(PluginContext::Get(), answerBody.GetTarget(),
                                        answerHeaders.GetTarget(), &status, ToSdk(method), uri.c_str(), 0,
                                        nullptr, nullptr, body.data(), static_cast<uint32_t>(body.size()),
                                        routes == CoreRoutes::Plugins ? 1 : 0);
      }
      catch (const RegistryError&)
      {
        throw;
      }
      catch (const std::bad_alloc&)
      {
        throw RegistryError(ErrorCode::NotEnoughMemory, "The core ran out of memory");
      }
      catch (...) // exceptions of the core's handlers can travel through the C interface
      {
        code = OrthancPluginErrorCode_BadRequest;
      }

      if (code != OrthancPluginErrorCode_Success)
      {
        const char* description = OrthancPluginGetErrorDescription(PluginContext::Get(), code);
        throw RegistryError(static_cast<ErrorCode>(code),
                            std::string("The core refuses ") + GetName(method) + " " + uri + ": " +
                                (description == nullptr ? "unknown error" : description));
      }

      CoreAnswer answer;
      answer.status = status;
      Json::Value headers;
      if (TryParseJson(headers, answerHeaders.GetContent()) && headers.isObject())
      {
        for (const auto& name : headers.getMemberNames())
        {
          answer.headers[ToLowerCase(name)] = headers[name].asString();
        }
      }
      return answer;
    }

    class CoreOutput : public ICoreOutput
    {
    public:
      // Throws InexistentItem or UnknownResource if there is no such output.
      explicit CoreOutput(const std::string& uri)
      {
        const CoreAnswer answer = CallIntoBuffer(buffer_, HttpMethod::Get, uri, {}, CoreRoutes::BuiltIn);
        if (answer.status != HTTP_OK)
        {
          throw RegistryError(GetErrorOfStatus(answer.status),
                              "The core answered " + std::to_string(answer.status) + " to GET " + uri);
        }
        description_.size = buffer_.GetContent().size();
        const auto disposition = answer.headers.find("content-disposition");
        if (disposition != answer.headers.end())
        {
          description_.fileName = ParseFileName(disposition->second);
        }
        const auto type = answer.headers.find("content-type");
        description_.contentType = type == answer.headers.end() ? "application/octet-stream" : type->second;
      }

      OutputDescription GetDescription() const override
      {
        return description_;
      }

      std::string_view GetContent() const override
      {
        return buffer_.GetContent();
      }

    private:
      MemoryBuffer buffer_;
      OutputDescription description_;
    };

    CoreJob ReadJob(Json::Value json)
    {
      if (json.isObject() && json["Type"].isString())
      {
        json["Content"] = RedactContent(json["Type"].asString(), json["Content"]);
      }
      CoreJob job = ParseCoreJob(json);
      job.errorDetails = RedactText(job.errorDetails);
      return job;
    }

    Json::Value GetJson(const std::string& uri)
    {
      const CoreAnswer answer = CallCore(HttpMethod::Get, uri);
      if (answer.status != HTTP_OK)
      {
        throw RegistryError(GetErrorOfStatus(answer.status),
                            "The core answered " + std::to_string(answer.status) + " to GET " + uri);
      }
      return ParseJson(answer.body);
    }
  }

  CoreAnswer CallCore(HttpMethod method, const std::string& uri, std::string_view body, CoreRoutes routes)
  {
    MemoryBuffer buffer;
    CoreAnswer answer = CallIntoBuffer(buffer, method, uri, body, routes);
    answer.body = buffer.GetContent();
    return answer;
  }

  std::optional<CoreAnswer> TryCallCore(HttpMethod method, const std::string& uri)
  {
    try
    {
      CoreAnswer answer = CallCore(method, uri);
      return answer.status == HTTP_OK ? std::make_optional(std::move(answer)) : std::nullopt;
    }
    catch (const RegistryError& error)
    {
      if (error.GetCode() == ErrorCode::UnknownResource)
      {
        return std::nullopt;
      }
      throw;
    }
  }

  std::string CoreClient::SubmitJob(const std::string& uri, const std::string& body)
  {
    if (beforeSubmit_)
    {
      beforeSubmit_(uri);
    }
    auto route = ParseJobRoute(uri);
    if (!route)
    {
      route = ParseArchiveRoute(uri);
    }
    const CoreAnswer answer =
        CallCore(HttpMethod::Post, uri, MakeAsynchronousBody(body, route && MayBodyBeList(route->kind)),
                 route ? CoreRoutes::BuiltIn : CoreRoutes::Plugins);
    if (answer.status != HTTP_OK)
    {
      throw RegistryError(GetErrorOfStatus(answer.status),
                          "The core answered " + std::to_string(answer.status) + " to POST " + uri);
    }

    Json::Value json;
    if (!TryParseJson(json, answer.body) || !json.isObject() || !json["ID"].isString() ||
        !IsUuid(json["ID"].asString()))
    {
      throw RegistryError(ErrorCode::NetworkProtocol,
                          "No job was made out of POST " + uri +
                              ": the answer has no field \"ID\" with the id of a job" +
                              (route ? "" : " (does option Registry.SubmitRoutes list a wrong route?)"));
    }
    return json["ID"].asString();
  }

  std::vector<CoreJob> CoreClient::GetJobs()
  {
    std::vector<CoreJob> jobs;
    for (const auto& json : GetJson("/jobs?expand"))
    {
      try
      {
        jobs.push_back(ReadJob(json));
      }
      catch (const RegistryError& error)
      {
        LogWarning(std::string("A job of the core cannot be read: ") + error.what());
      }
    }
    return jobs;
  }

  std::optional<CoreJob> CoreClient::GetJob(const std::string& id)
  {
    const auto answer = TryCallCore(HttpMethod::Get, "/jobs/" + id);
    return answer ? std::make_optional(ReadJob(ParseJson(answer->body))) : std::nullopt;
  }

  bool CoreClient::CancelJob(const std::string& id)
  {
    return TryCallCore(HttpMethod::Post, "/jobs/" + id + "/cancel").has_value();
  }

  ErrorCode CoreClient::Act(const std::string& id, JobAction action)
  {
    try
    {
      const auto answer = TryCallCore(HttpMethod::Post, "/jobs/" + id + "/" + GetName(action));
      return answer ? ErrorCode::Success : ErrorCode::UnknownResource;
    }
    catch (const RegistryError& error)
    {
      return error.GetCode();
    }
  }

  bool CoreClient::DeleteJob(const std::string& id)
  {
    // Asked first, because the core logs an error about a job that it has forgotten already
    const auto job = GetJob(id);
    return job && IsEnded(job->state) && TryCallCore(HttpMethod::Delete, "/jobs/" + id).has_value();
  }

  std::unique_ptr<ICoreOutput> CoreClient::GetOutput(const std::string& id, const std::string& key)
  {
    try
    {
      return std::make_unique<CoreOutput>("/jobs/" + id + "/" + key);
    }
    catch (const RegistryError& error)
    {
      if (error.GetCode() == ErrorCode::InexistentItem || error.GetCode() == ErrorCode::UnknownResource)
      {
        return nullptr;
      }
      throw;
    }
  }
}
