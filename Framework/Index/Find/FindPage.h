// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/IFindDialect.h"

namespace OrthancRegistry
{
  // Whether a request wants less than everything it matches
  bool HasLimits(const FindRequest& request);

  // The SELECT of the internal and the public ids of what a request with limits finds, in its order. Nothing
  // else is read of the resources that a page comes after, as there may be many of them.
  std::string SelectPage(SqlBuilder& sql, const IFindDialect& dialect, const FindRequest& request);
}
