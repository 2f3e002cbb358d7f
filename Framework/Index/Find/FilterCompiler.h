// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/IFindDialect.h"

namespace OrthancRegistry
{
  // Adds to the statement the joins and conditions that leave exactly the resources of the filter, each once.
  // A constraint on a level below is met if some descendant meets it. A filter that makes no sense is
  // ParameterOutOfRange.
  void CompileFilter(SqlBuilder& sql, const IFindDialect& dialect, const FindFilter& filter);

  // The order of the result: the keys, resources without a key (or, if it is to be a number, with something
  // else) last, then the public id.
  void CompileOrdering(SqlBuilder& sql, const IFindDialect& dialect, const std::vector<Ordering>& ordering);
}
