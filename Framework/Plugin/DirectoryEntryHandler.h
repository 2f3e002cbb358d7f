// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryScopes.h"
#include "Framework/Directory/DirectorySync.h"
#include "Framework/Plugin/HttpCall.h"

namespace OrthancRegistry
{
  // /modalities/{name} and /peers/{name} with entity tags: the core answers, as it does without. Thread-safe;
  // for threads of normal stack size only.
  class DirectoryEntryHandler
  {
  public:
    // The references must outlive this object.
    DirectoryEntryHandler(DirectoryMirrors& mirrors, DirectorySync& sync);

    HttpAnswer AccessModality(const HttpCall& call);
    HttpAnswer AccessPeer(const HttpCall& call);
    HttpAnswer ReadModality(const HttpCall& call); // .../configuration
    HttpAnswer ReadPeer(const HttpCall& call);

  private:
    HttpAnswer Access(const HttpCall& call, DirectoryKind kind);
    HttpAnswer Read(const HttpCall& call, DirectoryKind kind);
    HttpAnswer Put(const HttpCall& call, DirectoryKind kind);
    HttpAnswer Delete(const HttpCall& call, DirectoryKind kind);
    HttpAnswer Change(const HttpCall& call, DirectoryKind kind, const DirectoryExpectation& expectation);
    void CheckEarly(DirectoryKind kind, const std::string& name, const DirectoryExpectation& expectation,
                    bool isDeleted);

    DirectoryMirrors& mirrors_;
    DirectorySync& sync_;
  };
}
