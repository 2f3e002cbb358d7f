// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Labels.h"

#include <algorithm>

namespace OrthancRegistry::Labels
{
  void Add(IndexTransaction& t, int64_t id, const std::string& label)
  {
    t.Hold(id);
    t.transaction.Execute("INSERT INTO Labels (id, label) VALUES ($1, $2) ON CONFLICT DO NOTHING", id, label);
  }

  void Remove(IndexTransaction& t, int64_t id, const std::string& label)
  {
    t.transaction.Execute("DELETE FROM Labels WHERE id = $1 AND label = $2", id, label);
  }

  std::vector<std::string> List(IndexTransaction& t, int64_t id)
  {
    std::vector<std::string> labels;
    t.transaction.QueryEach<std::string>(
        "SELECT label FROM Labels WHERE id = $1",
        [&labels](std::string label)
        {
          labels.push_back(std::move(label));
        },
        id);
    std::sort(labels.begin(), labels.end());
    return labels;
  }

  std::vector<std::string> ListAll(IndexTransaction& t)
  {
    // Few different ones on many rows: jumps along the index from each label to the next one
    std::vector<std::string> labels;
    t.transaction.QueryEach<std::string>(
        "WITH RECURSIVE l (label) AS (SELECT MIN(label) FROM Labels UNION ALL "
        "SELECT (SELECT MIN(n.label) FROM Labels n WHERE n.label > l.label) FROM l WHERE l.label IS NOT "
        "NULL) "
        "SELECT label FROM l WHERE label IS NOT NULL",
        [&labels](std::string label)
        {
          labels.push_back(std::move(label));
        });
    std::sort(labels.begin(), labels.end());
    return labels;
  }
}
