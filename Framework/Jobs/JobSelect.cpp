// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobSelect.h"

#include "Framework/Database/BindEach.h"

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::string_view SELECT = "SELECT id, createdAt, seq FROM SharedJobs WHERE ";

    // Literals: PostgreSQL expects of a bound limit that a share of the whole table is asked for. Few of
    // them, so that there are few statements.
    std::string_view GetLimit(const std::optional<size_t>& limit)
    {
      if (!limit)
      {
        return "";
      }
      if (*limit <= 100)
      {
        return " LIMIT 101";
      }
      if (*limit <= 200)
      {
        return " LIMIT 201";
      }
      return *limit <= 1000 ? " LIMIT 1001" : " LIMIT 10001";
    }

    // Each of the branches once with each of the values
    void Multiply(std::vector<std::string>& branches, std::string_view column,
                  const std::vector<std::string>& values, std::string_view condition = "")
    {
      if (values.empty())
      {
        return;
      }
      std::vector<std::string> product;
      for (const std::string& branch : branches)
      {
        for (const std::string& value : values)
        {
          std::string& text = product.emplace_back(branch);
          text.append(branch.empty() ? "" : " AND ").append(column).append(" = ").append(value);
          text.append(condition);
        }
      }
      branches = std::move(product);
    }
  }

  JobSelect::JobSelect(const JobQuery& query)
  {
    if (query.order == JobOrder::Id)
    {
      SelectById(query);
      return;
    }
    const std::vector<std::string> branches = MakeBranches(query.filter);
    const std::string range = MakeRange(query);
    const std::string_view limit = GetLimit(query.limit);
    const std::string_view order =
        query.order == JobOrder::Created ? " ORDER BY createdAt, seq" : " ORDER BY createdAt DESC, seq DESC";
    for (const std::string& branch : branches)
    {
      if (branches.size() == 1)
      {
        text_.append(SELECT).append(branch).append(range);
        break;
      }
      text_.append(text_.empty() ? "SELECT id, createdAt, seq FROM ("
                                 : " UNION ALL SELECT id, createdAt, seq FROM (");
      text_.append(SELECT).append(branch).append(range).append(order).append(limit).append(") AS branch");
    }
    text_.append(order).append(limit);
  }

  std::string JobSelect::Bind(Value value)
  {
    values_.push_back(std::move(value));
    return "$" + std::to_string(values_.size());
  }

  std::vector<Parameter> JobSelect::GetParameters() const
  {
    return BindEach(values_);
  }

  std::vector<std::string> JobSelect::MakeBranches(const JobFilter& filter)
  {
    std::vector<std::string> branches = {""};
    // The conditions of the partial indexes
    Multiply(branches, "destination", BindAll(filter.destinations), " AND destination <> ''");
    Multiply(branches, "replica", BindAll(filter.replicas), " AND replica IS NOT NULL");
    Multiply(branches, "type", BindAll(filter.types));
    Multiply(branches, "state", BindAll(filter.states));
    Multiply(branches, "origin", BindAll(filter.origins));
    if (branches.front().empty())
    {
      Multiply(branches, "origin", {"0", "1"});
    }
    return branches;
  }

  std::string JobSelect::MakeRange(const JobQuery& query)
  {
    const bool isAscending = query.order == JobOrder::Created;
    const auto& since = query.filter.since;
    const auto& until = query.filter.until;
    const auto& after = query.after;
    // One bound for the side where the page begins, because an index can begin at one only
    const auto& near = isAscending ? since : until;
    const bool isBehind =
        after && (!near || (isAscending ? after->created >= *near : after->created <= *near));
    std::string range;
    if (since && !(isAscending && isBehind))
    {
      range += " AND createdAt >= " + Bind(*since);
    }
    if (until && (isAscending || !isBehind))
    {
      range += " AND createdAt <= " + Bind(*until);
    }
    if (isBehind)
    {
      range += isAscending ? " AND (createdAt, seq) > (" : " AND (createdAt, seq) < (";
      range += Bind(after->created) + ", ";
      range += Bind(after->sequence) + ")";
    }
    return range;
  }

  void JobSelect::SelectById(const JobQuery& query)
  {
    text_ = "SELECT id, createdAt, seq FROM SharedJobs";
    if (query.after)
    {
      text_ += " WHERE id > " + Bind(query.after->id);
    }
    text_.append(" ORDER BY id").append(GetLimit(query.limit));
  }
}
