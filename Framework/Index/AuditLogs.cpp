// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/AuditLogs.h"

#include "Framework/Common/Utf8.h"
#include "Framework/Database/BindEach.h"
#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t PIECE = 200;
    constexpr Timestamp LAST_MOMENT = 253402300799999999; // the end of the year 9999

    using Value = std::variant<int64_t, std::string>;

    void AddCondition(std::string& text, std::vector<Value>& values, std::string_view column,
                      const std::optional<std::string>& value)
    {
      if (value)
      {
        values.emplace_back(*value);
        text.append(" AND ").append(column).append(" = $").append(std::to_string(values.size()));
      }
    }
  }

  void AuditLogs::Record(Transaction& transaction, const AuditLog& log)
  {
    transaction.Execute(
        "INSERT INTO AuditLogs (sourcePlugin, userId, resourceType, resourceId, action, logData) "
        "VALUES ($1, $2, $3, substr($4, 1, 64), $5, $6)",
        ToStorableText(log.sourcePlugin), ToStorableText(log.userId), log.resourceType,
        ToStorableText(log.resourceId), ToStorableText(log.action), log.data);
  }

  AuditLogsReader::AuditLogsReader(IDatabase& database, const IIndexDialect& dialect, AuditLogsFilter filter)
      : database_(database), sql_(dialect.GetAuditLogsSql()), filter_(std::move(filter)), row_(sql_.noRow)
  {
  }

  std::vector<StoredAuditLog> AuditLogsReader::ReadPiece()
  {
    std::vector<StoredAuditLog> logs;
    if (isAtEnd_)
    {
      return logs;
    }
    const int64_t count = filter_.limit == 0 ? PIECE : std::min(PIECE, filter_.limit);
    std::vector<Value> values = {std::clamp<Timestamp>(filter_.from.value_or(0), 0, LAST_MOMENT), row_,
                                 std::clamp<Timestamp>(filter_.until.value_or(LAST_MOMENT), 0, LAST_MOMENT),
                                 count, filter_.since};
    std::string text(sql_.select);
    AddCondition(text, values, "userId", filter_.userId);
    AddCondition(text, values, "resourceId", filter_.resourceId);
    AddCondition(text, values, "action", filter_.action);
    text.append(" ORDER BY ").append(sql_.order).append(" LIMIT $4 OFFSET $5");

    std::string lastRow;
    RunTransaction(database_, AccessMode::ReadOnly,
                   [&](Transaction& transaction)
                   {
                     logs.clear();
                     const auto handler = [&](const IRow& row)
                     {
                       StoredAuditLog& target = logs.emplace_back();
                       target.moment = row.GetInteger(0);
                       lastRow = row.GetText(1);
                       target.log = {
                           row.GetText(2),
                           row.GetText(3),
                           static_cast<int>(row.GetInteger(4)),
                           row.GetText(5),
                           row.GetText(6),
                           row.IsNull(7) ? std::nullopt : std::make_optional(Binary{row.GetBinary(7)})};
                     };
                     transaction.QueryRows(text, BindEach(values), handler);
                   });
    filter_.since = 0;
    if (!logs.empty())
    {
      filter_.from = logs.back().moment;
      row_ = lastRow;
    }
    const bool isLimitReached = filter_.limit != 0 && std::cmp_equal(filter_.limit, logs.size());
    isAtEnd_ = isLimitReached || std::cmp_less(logs.size(), count);
    filter_.limit -= filter_.limit == 0 ? 0 : static_cast<int64_t>(logs.size());
    return logs;
  }
}
