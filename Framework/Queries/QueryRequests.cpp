// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryRequests.h"

#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobBody.h"
#include "Framework/Jobs/JobValidationFields.h"
#include "Framework/Jobs/JobValidationTags.h"

#include <array>
#include <limits>
#include <map>

namespace OrthancRegistry::QueryRequests
{
  namespace
  {
    constexpr const char* ACCESSION_NUMBER = "0008,0050";
    constexpr const char* PATIENT = "0010,0020";
    constexpr const char* STUDY = "0020,000d";
    constexpr const char* SERIES = "0020,000e";
    constexpr const char* INSTANCE = "0008,0018";

    void CheckField(const Json::Value& body, const char* field, Json::ValueType type, const char* expectation)
    {
      if (body.isMember(field) && body[field].type() != type)
      {
        throw RegistryError(ErrorCode::BadFileFormat,
                            std::string("The field ") + field + " must be " + expectation);
      }
    }

    // By "gggg,eeee"
    std::map<std::string, std::string> ReadTags(ITagDictionary& dictionary, const Json::Value& body)
    {
      std::map<std::string, std::string> tags;
      if (!body.isMember("Query"))
      {
        return tags;
      }
      CheckField(body, "Query", Json::objectValue, "an object of tags and strings");
      const Json::Value& query = body["Query"];
      for (const std::string& name : query.getMemberNames())
      {
        if (!query[name].isString())
        {
          throw RegistryError(ErrorCode::BadFileFormat, "A string is expected in Query for tag: " + name);
        }
        try
        {
          tags[JobTags::Format(JobTags::Parse(dictionary, name))] = query[name].asString();
        }
        catch (const RegistryError&) // the core does not make a difference here
        {
          throw RegistryError(ErrorCode::BadFileFormat, "Unknown DICOM tag in Query: " + name);
        }
      }
      return tags;
    }

    // What identifies an answer of that level to a later query
    std::vector<const char*> GetKeys(ResourceLevel level)
    {
      switch (level)
      {
      case ResourceLevel::Patient:
        return {PATIENT};
      case ResourceLevel::Study:
        return {STUDY};
      case ResourceLevel::Series:
        return {STUDY, SERIES};
      case ResourceLevel::Instance:
        return {STUDY, SERIES, INSTANCE};
      }
      return {};
    }

    int ReadRetrieveTimeout(const Json::Value& body)
    {
      JobFields::CheckType(body, "Timeout", Json::intValue);
      if (!body.isMember("Timeout"))
      {
        return -1;
      }
      if (!body["Timeout"].isInt())
      {
        throw RegistryError(ErrorCode::BadRequest, "Too large a value in field: Timeout");
      }
      return body["Timeout"].asInt();
    }

    DicomFormat ReadFormat(const Json::Value& body)
    {
      if (JobFields::ReadBoolean(body, "Simplify", false))
      {
        return DicomFormat::Simple;
      }
      if (JobFields::ReadBoolean(body, "Short", false))
      {
        return DicomFormat::Short;
      }
      return JobFields::ReadBoolean(body, "Full", false) ? DicomFormat::Full : DicomFormat::Short;
    }

    bool IsMove(std::string method, const RetrieveRules& rules)
    {
      if (method == "SystemDefault")
      {
        method = rules.defaultMethod;
      }
      if (method != "C-MOVE" && method != "C-GET")
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange,
                            "RetrieveMethod is one of C-MOVE, C-GET and SystemDefault, not: " + method);
      }
      return method == "C-MOVE";
    }

    void ReadRetrieveBody(Retrieval& retrieval, std::string& method, const Json::Value& body)
    {
      JobFields::CheckType(body, "TargetAet", Json::stringValue);
      if (body.isMember("TargetAet"))
      {
        retrieval.targetAet = body["TargetAet"].asString();
      }
      const int timeout = ReadRetrieveTimeout(body);
      if (timeout >= 0)
      {
        retrieval.timeoutSeconds = timeout;
      }
      JobFields::CheckString(body, "RetrieveMethod");
      if (body.isMember("RetrieveMethod") && !body["RetrieveMethod"].asString().empty())
      {
        method = body["RetrieveMethod"].asString();
      }
      for (const char* field :
           {"Synchronous", "Asynchronous", "Priority", "Permissive", "UserData", "NotBefore", "DelaySeconds"})
      {
        if (body.isMember(field))
        {
          retrieval.body[field] = body[field];
        }
      }
    }
  }

  void Check(ICoreDirectory& directory, ITagDictionary& dictionary, const std::string& modality,
             const Json::Value& body)
  {
    if (!body.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON object");
    }
    if (!body["Level"].isString())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The body must have the field Level (string)");
    }
    CheckField(body, "Normalize", Json::booleanValue, "a Boolean");
    CheckField(body, "Query", Json::objectValue, "an object of tags and strings");
    CheckField(body, "LocalAet", Json::stringValue, "a string");
    if (!directory.HasModality(modality))
    {
      throw RegistryError(ErrorCode::InexistentItem, "Unknown modality: " + modality);
    }
    JobFields::ParseLevel(body["Level"].asString());
    ReadTags(dictionary, body);
    ReadTimeout(body);
  }

  std::optional<uint32_t> ReadTimeout(const Json::Value& body)
  {
    JobFields::CheckUnsigned(body, "Timeout");
    if (!body.isMember("Timeout"))
    {
      return std::nullopt;
    }
    if (!body["Timeout"].isUInt())
    {
      throw RegistryError(ErrorCode::BadParameterType, "Too large a value in field: Timeout");
    }
    return body["Timeout"].asUInt();
  }

  void CheckChildLevel(const Query& parent, ResourceLevel level)
  {
    if (parent.level >= level)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          std::string("The answers to a query of level ") + GetLevelName(parent.level) +
                              " have no children of level " + GetLevelName(level));
    }
  }

  Json::Value MakeChildQuery(ITagDictionary& dictionary, const Query& parent, const Json::Value& answer,
                             ResourceLevel level, const Json::Value& body)
  {
    if (!body.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON object");
    }
    const auto timeout = ReadTimeout(body);
    auto tags = ReadTags(dictionary, body);
    for (const char* key : GetKeys(parent.level))
    {
      const Json::Value& value = FindString(answer, key);
      if (value.isNull())
      {
        throw RegistryError(ErrorCode::InexistentTag,
                            std::string("The modality has not told this tag in its answer: ") + key);
      }
      tags[key] = value.asString();
    }

    Json::Value child = Json::objectValue;
    child["Level"] = GetLevelName(level);
    child["Normalize"] = parent.isNormalized;
    child["Timeout"] = timeout.value_or(parent.timeoutSeconds);
    child["Query"] = Json::objectValue;
    for (const auto& [tag, value] : tags)
    {
      child["Query"][tag] = value;
    }
    return child;
  }

  Retrieval ReadRetrieval(const Query& query, const RetrieveRules& rules, std::string_view text)
  {
    Retrieval retrieval;
    retrieval.targetAet = query.targetAet;
    std::string method = query.retrieveMethod;
    Json::Value body;
    if (!ParseJobBody(body, text, false))
    {
      if (!text.empty())
      {
        retrieval.targetAet = text;
      }
      body = Json::objectValue;
    }
    if (!body.isObject())
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "The body must be empty, a JSON object, or the AET of the target as plain text");
    }
    ReadRetrieveBody(retrieval, method, body);
    retrieval.isMove = !rules.hasCGet || IsMove(method, rules);
    retrieval.format = ReadFormat(body);
    if (!retrieval.timeoutSeconds && query.timeoutSeconds != 0)
    {
      retrieval.timeoutSeconds = query.timeoutSeconds;
    }
    return retrieval;
  }

  Json::Value MakeRetrieveBody(const Query& query, const Retrieval& retrieval,
                               const std::vector<Json::Value>& answers)
  {
    Json::Value body = retrieval.body;
    body["Level"] = GetLevelName(query.level);
    body["LocalAet"] = query.localAet;
    if (retrieval.isMove)
    {
      body["TargetAet"] = retrieval.targetAet;
    }
    if (retrieval.timeoutSeconds)
    {
      body["Timeout"] = *retrieval.timeoutSeconds;
    }
    Json::Value& resources = body["Resources"] = Json::arrayValue;
    for (const Json::Value& answer : answers)
    {
      Json::Value& resource = resources.append(Json::objectValue);
      for (const char* tag : {PATIENT, STUDY, SERIES, INSTANCE, ACCESSION_NUMBER})
      {
        const Json::Value& value = FindString(answer, tag);
        if (!value.isNull())
        {
          resource[tag] = value;
        }
      }
    }
    return body;
  }
}
