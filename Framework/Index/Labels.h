// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Labels
{
  void Add(IndexTransaction& t, int64_t id, const std::string& label);    // ADD_LABEL, idempotent
  void Remove(IndexTransaction& t, int64_t id, const std::string& label); // REMOVE_LABEL, no error if absent
  std::vector<std::string> List(IndexTransaction& t, int64_t id); // LIST_LABELS of one resource, sorted
  std::vector<std::string> ListAll(IndexTransaction& t);          // LIST_LABELS, distinct, sorted
}
