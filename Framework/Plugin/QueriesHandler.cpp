// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/QueriesHandler.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Jobs/JobBody.h"
#include "Framework/Jobs/JobValidationFields.h"
#include "Framework/Plugin/BooleanArgument.h"

#include <charconv>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t MAXIMUM_BODY = size_t{1024} * 1024;
    constexpr int HTTP_OK = 200;
    constexpr int PAYLOAD_TOO_LARGE = 413;
    constexpr const char* KEY_HEADER = "idempotency-key";

    DicomFormat GetFormat(const HttpCall& call)
    {
      if (call.arguments.contains("simplify"))
      {
        return DicomFormat::Simple;
      }
      return call.arguments.contains("short") ? DicomFormat::Short : DicomFormat::Full;
    }

    // As the core reads them: a sign is allowed, and a negative number is far beyond all answers.
    uint64_t ParseIndex(std::string_view text)
    {
      const bool isNegative = text.starts_with('-');
      std::string_view digits = text;
      if (isNegative || text.starts_with('+'))
      {
        digits.remove_prefix(1);
      }
      uint64_t index = 0;
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), index);
      if (result.ec != std::errc() || result.ptr != digits.data() + digits.size())
      {
        throw RegistryError(ErrorCode::BadParameterType,
                            "This is no index of an answer: " + std::string(text));
      }
      return isNegative ? uint64_t{0} - index : index;
    }

    HttpAnswer AnswerText(const std::string& text)
    {
      HttpAnswer answer;
      answer.body = text;
      answer.headers["Content-Type"] = "text/plain";
      return answer;
    }

    Json::Value MakeList(std::initializer_list<const char*> items)
    {
      Json::Value list = Json::arrayValue;
      for (const char* item : items)
      {
        list.append(item);
      }
      return list;
    }

    Json::Value ParseBody(const HttpCall& call)
    {
      Json::Value body;
      if (!ParseJobBody(body, call.body, false))
      {
        throw RegistryError(ErrorCode::BadFileFormat, "The body must be a JSON object");
      }
      return body;
    }
  }

  QueriesHandler::QueriesHandler(QueriesContext context) : context_(std::move(context))
  {
  }

  std::optional<HttpAnswer> QueriesHandler::RefusePost(const HttpCall& call) const
  {
    if (call.method != HttpMethod::Post)
    {
      return HttpAnswer::NotAllowed("POST");
    }
    if (call.body.size() > MAXIMUM_BODY)
    {
      return context_.options.FormatFailure(
          {GetName(call.method), call.path, static_cast<int>(ErrorCode::ParameterOutOfRange),
           PAYLOAD_TOO_LARGE,
           "The body of this call may have " + std::to_string(MAXIMUM_BODY) + " bytes at most",
           Json::Value()});
    }
    return std::nullopt;
  }

  QueryWithAnswers QueriesHandler::Read(const std::string& id, const AnswerRange& range) const
  {
    auto found = context_.store.Read(id, range);
    if (!found)
    {
      throw RegistryError(ErrorCode::UnknownResource,
                          "Unknown query, or one that is not kept any more (options QueryRetrieveSize and"
                          " Registry.QueriesHours)");
    }
    return std::move(*found);
  }

  QueryWithAnswers QueriesHandler::ReadOne(const std::string& id, uint64_t index) const
  {
    auto found = Read(id, {index, 1});
    if (found.answers.empty())
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The query has " + std::to_string(found.query.answersCount) + " answers only");
    }
    return found;
  }

  HttpAnswer QueriesHandler::Query(const HttpCall& call)
  {
    if (auto refusal = RefusePost(call))
    {
      return std::move(*refusal);
    }
    return Run(call.groups.at(0), ParseBody(call));
  }

  HttpAnswer QueriesHandler::Run(const std::string& modality, const Json::Value& body)
  {
    QueryRequests::Check(context_.directory, context_.dictionary, modality, body);
    const ModalityFacts facts = context_.client.GetModality(modality);
    const std::string& localAet = facts.localAet.empty() ? context_.configuration.localAet : facts.localAet;
    CoreQuery core = context_.client.Run(modality, body);

    OrthancRegistry::Query query;
    query.id = core.id;
    query.modality = modality;
    query.level = JobFields::ParseLevel(body["Level"].asString());
    query.query = std::move(core.query);
    query.isNormalized = body.get("Normalize", true).asBool();
    query.localAet = body.get("LocalAet", localAet).asString();
    query.targetAet = localAet;
    query.retrieveMethod = facts.retrieveMethod;
    query.timeoutSeconds = QueryRequests::ReadTimeout(body).value_or(0);
    context_.store.Insert(query, core.answers);
    Prune();

    Json::Value answer = Json::objectValue;
    answer["ID"] = query.id;
    answer["Path"] = "/queries/" + query.id;
    return HttpAnswer::Json(answer);
  }

  // The handle has been made: what remains to be removed can wait.
  void QueriesHandler::Prune() noexcept
  {
    try
    {
      context_.retention.Prune();
    }
    catch (const std::exception& error)
    {
      LogWarning(std::string("Old queries could not be removed: ") + error.what());
    }
  }

  HttpAnswer QueriesHandler::List(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    Json::Value list = Json::arrayValue;
    for (const std::string& id : context_.store.GetIds())
    {
      list.append(id);
    }
    return HttpAnswer::Json(list);
  }

  HttpAnswer QueriesHandler::Access(const HttpCall& call)
  {
    const std::string& id = call.groups.at(0);
    switch (call.method)
    {
    case HttpMethod::Get:
      Read(id, AnswerRange::None());
      return HttpAnswer::Json(MakeList({"answers", "level", "modality", "query", "retrieve"}));
    case HttpMethod::Delete:
      context_.store.Delete(id);
      return AnswerText("");
    default:
      return HttpAnswer::NotAllowed("GET,DELETE");
    }
  }

  HttpAnswer QueriesHandler::AccessPart(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    const OrthancRegistry::Query query = Read(call.groups.at(0), AnswerRange::None()).query;
    const std::string& part = call.groups.at(1);
    if (part == "level")
    {
      return AnswerText(GetLevelName(query.level));
    }
    return part == "modality" ? AnswerText(query.modality)
                              : HttpAnswer::Json(FormatDataset(query.query, GetFormat(call)));
  }

  HttpAnswer QueriesHandler::ListAnswers(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    const bool isExpanded = ReadBooleanArgument(call, "expand");
    const auto found = Read(call.groups.at(0), isExpanded ? AnswerRange::All() : AnswerRange::None());
    Json::Value list = Json::arrayValue;
    for (uint64_t i = 0; i < found.query.answersCount; i++)
    {
      list.append(isExpanded ? FormatDataset(found.answers.at(i), GetFormat(call))
                             : Json::Value(std::to_string(i)));
    }
    return HttpAnswer::Json(list);
  }

  HttpAnswer QueriesHandler::ListOperations(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    Read(call.groups.at(0), AnswerRange::None()); // the core looks at the index after that
    const auto found = ReadOne(call.groups.at(0), ParseIndex(call.groups.at(1)));
    switch (found.query.level) // the singular is the core's
    {
    case ResourceLevel::Patient:
      return HttpAnswer::Json(
          MakeList({"content", "retrieve", "query-study", "query-series", "query-instances"}));
    case ResourceLevel::Study:
      return HttpAnswer::Json(MakeList({"content", "retrieve", "query-series", "query-instances"}));
    case ResourceLevel::Series:
      return HttpAnswer::Json(MakeList({"content", "retrieve", "query-instances"}));
    case ResourceLevel::Instance:
      break;
    }
    return HttpAnswer::Json(MakeList({"content", "retrieve"}));
  }

  HttpAnswer QueriesHandler::GetAnswer(const HttpCall& call)
  {
    if (call.method != HttpMethod::Get)
    {
      return HttpAnswer::NotAllowed("GET");
    }
    const uint64_t index = ParseIndex(call.groups.at(1));
    return HttpAnswer::Json(FormatDataset(ReadOne(call.groups.at(0), index).answers.at(0), GetFormat(call)));
  }

  HttpAnswer QueriesHandler::QueryChildren(const HttpCall& call)
  {
    if (auto refusal = RefusePost(call))
    {
      return std::move(*refusal);
    }
    Read(call.groups.at(0), AnswerRange::None());
    const auto found = ReadOne(call.groups.at(0), ParseIndex(call.groups.at(1)));
    const ResourceLevel level = JobFields::ParseLevel(call.groups.at(2));
    QueryRequests::CheckChildLevel(found.query, level);
    return Run(found.query.modality,
               QueryRequests::MakeChildQuery(context_.dictionary, found.query, found.answers.at(0), level,
                                             ParseBody(call)));
  }

  HttpAnswer QueriesHandler::RetrieveAnswer(const HttpCall& call)
  {
    if (auto refusal = RefusePost(call))
    {
      return std::move(*refusal);
    }
    const uint64_t index = ParseIndex(call.groups.at(1));
    return Retrieve(call, Read(call.groups.at(0), {index, 1}), std::to_string(index));
  }

  HttpAnswer QueriesHandler::RetrieveAllAnswers(const HttpCall& call)
  {
    if (auto refusal = RefusePost(call))
    {
      return std::move(*refusal);
    }
    return Retrieve(call, Read(call.groups.at(0), AnswerRange::All()), "all");
  }

  HttpAnswer QueriesHandler::Retrieve(const HttpCall& call, const QueryWithAnswers& found,
                                      const std::string& answers)
  {
    const auto& query = found.query;
    const auto retrieval = QueryRequests::ReadRetrieval(
        query, {context_.hasCGet, context_.configuration.retrieveMethod}, call.body);
    if (found.answers.empty() && answers != "all")
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The query has " + std::to_string(query.answersCount) + " answers only");
    }
    const std::string body = WriteJson(QueryRequests::MakeRetrieveBody(query, retrieval, found.answers));
    HttpCall job = call;
    job.body = body;
    const auto key = job.headers.find(KEY_HEADER);
    if (key != job.headers.end() && !key->second.empty())
    {
      // The job is one of the modality, the key one of the answers
      key->second = query.id + "/" + answers + "/" + key->second;
    }
    HttpAnswer answer =
        context_.submitJob(job, "/modalities/" + query.modality + (retrieval.isMove ? "/move" : "/get"));
    if (answer.status == HTTP_OK && retrieval.format != DicomFormat::Short)
    {
      Json::Value content = ParseJson(answer.body);
      if (content.isObject() && content["Query"].isArray())
      {
        content["Query"] = FormatRetrieved(content["Query"], retrieval.format);
        return HttpAnswer::Json(content);
      }
    }
    return answer;
  }
}
