// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/QueryClient.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Common/Uuid.h"
#include "Framework/Plugin/CoreClient.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr int HTTP_OK = 200;
    constexpr int MAXIMUM_RUNS = 3;
    constexpr Json::ArrayIndex MAXIMUM_ANSWERS = 50000;
    constexpr size_t MAXIMUM_SIZE = size_t{64} * 1024 * 1024; // bytes of JSON
  }

  // A handle of the core, that is removed there in any case
  class QueryClient::Handle
  {
  public:
    Handle(const QueryClient& client, std::string id) : client_(client), id_(std::move(id))
    {
    }

    ~Handle()
    {
      try
      {
        client_.call_(HttpMethod::Delete, GetUri(), {});
      }
      catch (const std::exception& error) // its archive is small: it forgets by itself
      {
        LogInfo(std::string("A query could not be removed from the core: ") + error.what());
      }
    }

    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    CoreQuery Read() const
    {
      const Json::ArrayIndex count = ParseJson(client_.Get(GetUri() + "/answers")).size();
      if (count > MAXIMUM_ANSWERS)
      {
        throw RegistryError(ErrorCode::BadRequest, "The modality has sent " + std::to_string(count) +
                                                       " answers, more than the " +
                                                       std::to_string(MAXIMUM_ANSWERS) +
                                                       " that can be kept: make the query more specific");
      }
      const std::string answers = client_.Get(GetUri() + "/answers?expand");
      if (answers.size() > MAXIMUM_SIZE)
      {
        throw RegistryError(ErrorCode::BadRequest,
                            "The answers of the modality take " + std::to_string(answers.size()) +
                                " bytes, more than the " + std::to_string(MAXIMUM_SIZE) +
                                " that can be kept: make the query more specific");
      }
      CoreQuery query;
      query.id = id_;
      query.query = ParseJson(client_.Get(GetUri() + "/query"));
      for (Json::Value& answer : ParseJson(answers))
      {
        query.answers.push_back(std::move(answer));
      }
      return query;
    }

  private:
    std::string GetUri() const
    {
      return "/queries/" + id_;
    }

    const QueryClient& client_;
    std::string id_;
  };

  QueryClient::QueryClient(Call call) : call_(std::move(call))
  {
  }

  std::string QueryClient::Get(const std::string& uri) const
  {
    CoreAnswer answer = call_(HttpMethod::Get, uri, {});
    if (answer.status != HTTP_OK)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          "The core answered " + std::to_string(answer.status) + " to GET " + uri);
    }
    return std::move(answer.body);
  }

  std::string QueryClient::Submit(const std::string& modality, const Json::Value& body) const
  {
    const std::string uri = "/modalities/" + modality + "/query";
    CoreAnswer answer;
    try
    {
      answer = call_(HttpMethod::Post, uri, WriteJson(body));
    }
    catch (const RegistryError& error)
    {
      throw RegistryError(error.GetCode(), "The query of modality " + modality +
                                               " has failed, the log of Orthanc says why (" + error.what() +
                                               ")");
    }
    Json::Value json;
    if (answer.status != HTTP_OK || !TryParseJson(json, answer.body) || !json.isObject() ||
        !json["ID"].isString() || !IsUuid(json["ID"].asString()))
    {
      throw RegistryError(ErrorCode::InternalError, "No query was made out of POST " + uri);
    }
    return json["ID"].asString();
  }

  ModalityFacts QueryClient::GetModality(const std::string& name)
  {
    const Json::Value json = ParseJson(Get("/modalities/" + name + "/configuration"));
    ModalityFacts facts;
    if (json.isObject() && json["LocalAet"].isString())
    {
      facts.localAet = json["LocalAet"].asString();
    }
    if (json.isObject() && json["RetrieveMethod"].isString()) // Orthanc 1.12.6
    {
      facts.retrieveMethod = json["RetrieveMethod"].asString();
    }
    return facts;
  }

  // With a small "QueryRetrieveSize", other queries at the same time can evict a handle of the core before it
  // has been read.
  CoreQuery QueryClient::Run(const std::string& modality, const Json::Value& body)
  {
    for (int run = 1;; run++)
    {
      const Handle handle(*this, Submit(modality, body));
      try
      {
        return handle.Read();
      }
      catch (const RegistryError& error)
      {
        if (error.GetCode() != ErrorCode::UnknownResource)
        {
          throw;
        }
        if (run == MAXIMUM_RUNS)
        {
          throw RegistryError(ErrorCode::DatabaseUnavailable,
                              "Too many queries at the same time: raise the option QueryRetrieveSize");
        }
      }
    }
  }
}
