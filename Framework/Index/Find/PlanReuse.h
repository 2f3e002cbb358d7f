// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/Find/FindRequest.h"

namespace OrthancRegistry
{
  // Whether one plan is good for all values of a filter: a short period is searched for, so that there is
  // little to look at, and nothing else that only a plan for these very values could make use of. PostgreSQL
  // does not find that out: it takes a period of unknown length for longer than most are, and plans each of
  // these searches anew, which takes several times as long as the search itself.
  bool IsPlanReusable(const FindFilter& filter);
}
