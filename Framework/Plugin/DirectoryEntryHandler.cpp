// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/DirectoryEntryHandler.h"

#include "Framework/Common/Json.h"
#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Plugin/CoreClient.h"
#include "Framework/Plugin/CoreLists.h"
#include "Framework/Plugin/RevisionHeaders.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* IF_MATCH = "if-match";
    constexpr const char* IF_NONE_MATCH = "if-none-match";
    constexpr const char* ETAG = "ETag";
    constexpr int NOT_MODIFIED = 304;
    constexpr int NOT_FOUND = 404;

    HttpAnswer ToHttpAnswer(CoreAnswer answer)
    {
      HttpAnswer result;
      result.status = answer.status;
      result.body = std::move(answer.body);
      const auto type = answer.headers.find("content-type");
      if (type != answer.headers.end())
      {
        result.headers["Content-Type"] = type->second;
      }
      return result;
    }

    DirectoryExpectation ReadExpectation(const HttpCall& call)
    {
      DirectoryExpectation expectation;
      const std::string* match = call.FindHeader(IF_MATCH);
      expectation.revisions = ParseIfMatch(match);
      expectation.mustExist = match != nullptr;
      if (const std::string* noneMatch = call.FindHeader(IF_NONE_MATCH))
      {
        if (*noneMatch != "*")
        {
          throw RegistryError(ErrorCode::BadRequest,
                              "With this method the header \"If-None-Match\" can only be *");
        }
        expectation.mustNotExist = true;
      }
      return expectation;
    }

    std::string Describe(DirectoryKind kind, const std::string& name)
    {
      return std::string(DirectoryFormat::GetEntryName(kind)) + " " + name;
    }

    // The core's own message does not reach plugins. Ours never holds a value.
    [[noreturn]] void Explain(const HttpCall& call, DirectoryKind kind, const RegistryError& error)
    {
      Json::Value body;
      if (error.GetCode() == ErrorCode::InexistentItem)
      {
        throw RegistryError(error.GetCode(), "There is no " + Describe(kind, call.groups.at(0)));
      }
      if (call.method == HttpMethod::Put && !TryParseJson(body, call.body))
      {
        throw RegistryError(error.GetCode(), "The body is not valid JSON");
      }
      if (call.method == HttpMethod::Put && error.GetCode() != ErrorCode::Revision)
      {
        try
        {
          DirectoryFormat::Parse(kind, body);
        }
        catch (const RegistryError& reason)
        {
          throw RegistryError(error.GetCode(), reason.what());
        }
      }
      throw error;
    }
  }

  DirectoryEntryHandler::DirectoryEntryHandler(DirectoryMirrors& mirrors, DirectorySync& sync)
      : mirrors_(mirrors), sync_(sync)
  {
  }

  HttpAnswer DirectoryEntryHandler::AccessModality(const HttpCall& call)
  {
    return Access(call, DirectoryKind::Modalities);
  }

  HttpAnswer DirectoryEntryHandler::AccessPeer(const HttpCall& call)
  {
    return Access(call, DirectoryKind::Peers);
  }

  HttpAnswer DirectoryEntryHandler::ReadModality(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? Read(call, DirectoryKind::Modalities)
                                          : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer DirectoryEntryHandler::ReadPeer(const HttpCall& call)
  {
    return call.method == HttpMethod::Get ? Read(call, DirectoryKind::Peers) : HttpAnswer::NotAllowed("GET");
  }

  HttpAnswer DirectoryEntryHandler::Access(const HttpCall& call, DirectoryKind kind)
  {
    switch (call.method)
    {
    case HttpMethod::Get:
      return Read(call, kind);
    case HttpMethod::Put:
      return Put(call, kind);
    case HttpMethod::Delete:
      return Delete(call, kind);
    default:
      return HttpAnswer::NotAllowed("GET,PUT,DELETE");
    }
  }

  // The tag is that of what the core has answered: read again if it has changed meanwhile.
  HttpAnswer DirectoryEntryHandler::Read(const HttpCall& call, DirectoryKind kind)
  {
    const std::string& name = call.groups.at(0);
    const bool isList = call.path.ends_with(name); // of the operations, not the configuration
    if (!DirectoryFormat::IsValidName(name))
    {
      return HttpAnswer::Empty(NOT_FOUND);
    }
    const DirectoryMirror& mirror = GetMirror(mirrors_, kind);
    for (;;)
    {
      const auto revision = mirror.GetRevision(name);
      HttpAnswer answer;
      try
      {
        answer = ToHttpAnswer(CallCore(HttpMethod::Get, call.path));
      }
      catch (const RegistryError& error)
      {
        if (isList && error.GetCode() == ErrorCode::UnknownResource) // the core answers nothing
        {
          return HttpAnswer::Empty(NOT_FOUND);
        }
        Explain(call, kind, error);
      }
      if (revision != mirror.GetRevision(name))
      {
        continue;
      }
      if (revision)
      {
        const std::string tag = FormatEntityTag(*revision);
        if (IsEntityTagNamed(call.FindHeader(IF_NONE_MATCH), tag))
        {
          answer = HttpAnswer::Empty(NOT_MODIFIED);
        }
        answer.headers[ETAG] = tag;
      }
      return answer;
    }
  }

  // What the memory tells is not the last word, but a refusal now spares the core a change that would have to
  // be undone. The memory cannot tell of entries that cannot be used here.
  void DirectoryEntryHandler::CheckEarly(DirectoryKind kind, const std::string& name,
                                         const DirectoryExpectation& expectation, bool isDeleted)
  {
    const DirectoryMirror& mirror = GetMirror(mirrors_, kind);
    const auto revision = mirror.GetRevision(name);
    const bool mayBeElsewhere = !revision && mirror.GetAppliedRevision(name) > 0 && !isDeleted;
    if (!mayBeElsewhere && !expectation.IsMetBy(revision))
    {
      throw RegistryError(ErrorCode::Revision, revision ? "The " + Describe(kind, name) + " has revision " +
                                                              std::to_string(*revision) + " now"
                                                        : "There is no " + Describe(kind, name));
    }
  }

  HttpAnswer DirectoryEntryHandler::Change(const HttpCall& call, DirectoryKind kind,
                                           const DirectoryExpectation& expectation)
  {
    const std::string& name = call.groups.at(0);
    CheckEarly(kind, name, expectation, call.method == HttpMethod::Delete);
    try
    {
      const ExpectingScope scope(kind, name, expectation);
      return ToHttpAnswer(CallCore(call.method, CoreLists::GetPath(kind, name), call.body));
    }
    catch (const RegistryError& error)
    {
      const bool isGone = error.GetCode() == ErrorCode::InexistentItem && expectation.mustExist;
      if (error.GetCode() == ErrorCode::Revision || isGone)
      {
        sync_.EnsureFresh(); // the core has changed its memory: it is what it was when this is answered
        throw RegistryError(ErrorCode::Revision,
                            "The " + Describe(kind, name) + " has been changed by somebody else meanwhile");
      }
      if (error.GetCode() == ErrorCode::UnknownResource) // the core answers nothing
      {
        return HttpAnswer::Empty(NOT_FOUND);
      }
      Explain(call, kind, error);
    }
  }

  HttpAnswer DirectoryEntryHandler::Put(const HttpCall& call, DirectoryKind kind)
  {
    const std::string& name = call.groups.at(0);
    const DirectoryExpectation expectation = ReadExpectation(call);
    if (!DirectoryFormat::IsValidName(name)) // as another path it would never reach the core
    {
      throw RegistryError(ErrorCode::BadFileFormat,
                          "Names consist of letters, digits, \"-\" and \"_\", at most 1000 altogether");
    }
    HttpAnswer answer = Change(call, kind, expectation);
    if (answer.status == 200)
    {
      answer.headers[ETAG] = FormatEntityTag(GetMirror(mirrors_, kind).GetNewestRevision(name));
    }
    return answer;
  }

  HttpAnswer DirectoryEntryHandler::Delete(const HttpCall& call, DirectoryKind kind)
  {
    const DirectoryExpectation expectation = ReadExpectation(call);
    if (!DirectoryFormat::IsValidName(call.groups.at(0)))
    {
      throw RegistryError(ErrorCode::InexistentItem, "There is no " + Describe(kind, call.groups.at(0)));
    }
    return Change(call, kind, expectation);
  }
}
