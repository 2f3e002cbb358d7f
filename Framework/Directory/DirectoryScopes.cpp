// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryScopes.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    thread_local const MaterializingScope* currentMaterializing = nullptr;
    thread_local const ExpectingScope* currentExpecting = nullptr;

    template <typename Scope>
    const Scope* FindScope(const Scope* current, DirectoryKind kind)
    {
      return current != nullptr && current->kind == kind ? current : nullptr;
    }
  }

  bool DirectoryExpectation::IsMetBy(const std::optional<int64_t>& revision) const
  {
    if (!revision)
    {
      return !mustExist && !revisions;
    }
    return !mustNotExist &&
           (!revisions || std::find(revisions->begin(), revisions->end(), *revision) != revisions->end());
  }

  MaterializingScope::MaterializingScope(DirectoryKind kindToApply, const std::string& nameToApply,
                                         int64_t revisionOfRow)
      : kind(kindToApply), name(nameToApply), revision(revisionOfRow)
  {
    currentMaterializing = this;
  }

  MaterializingScope::~MaterializingScope()
  {
    currentMaterializing = nullptr;
  }

  const MaterializingScope* MaterializingScope::Find(DirectoryKind kind)
  {
    return FindScope(currentMaterializing, kind);
  }

  ExpectingScope::ExpectingScope(DirectoryKind kindToChange, const std::string& nameToChange,
                                 DirectoryExpectation whatIsExpected)
      : kind(kindToChange), name(nameToChange), expectation(std::move(whatIsExpected))
  {
    currentExpecting = this;
  }

  ExpectingScope::~ExpectingScope()
  {
    currentExpecting = nullptr;
  }

  const ExpectingScope* ExpectingScope::Find(DirectoryKind kind)
  {
    return FindScope(currentExpecting, kind);
  }
}
