// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryStore.h"

#include "Framework/Common/Compression.h"
#include "Framework/Common/Json.h"
#include "Framework/Common/Logging.h"
#include "Framework/Common/Utf8.h"
#include "Framework/Database/Retry.h"

#include <algorithm>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t COMPRESSED_ABOVE = 4096;                     // bytes of an answer
    constexpr size_t MAXIMUM_ANSWER = size_t{256} * 1024 * 1024;  // bytes, once unpacked
    constexpr int64_t ANSWERS_PER_FLUSH = 500;                    // what is queued on the way to the server
    constexpr int64_t TOUCH_INTERVAL = int64_t{60} * 1000 * 1000; // microseconds
    constexpr RetryPolicy INSERT_POLICY{10, 10, 1000, true};
    constexpr RetryPolicy TOUCH_POLICY{0, 10, 10};

    std::string WriteText(const Json::Value& value)
    {
      std::string text = WriteJson(value);
      return IsStorableText(text) ? text : ToStorableText(text);
    }

    void InsertAnswer(Transaction& transaction, const std::string& id, int64_t number,
                      const Json::Value& answer)
    {
      std::optional<std::string> text = WriteText(answer);
      std::optional<Binary> packed;
      if (text->size() > COMPRESSED_ABOVE)
      {
        packed = Binary{Compress(*text)};
        text.reset();
      }
      transaction.Execute("INSERT INTO SharedQueryAnswers(queryId, number, content, packedContent)"
                          " VALUES ($1, $2, $3, $4)",
                          id, number, text, packed);
    }

    std::vector<Json::Value> ReadAnswers(Transaction& transaction, const std::string& id,
                                         const AnswerRange& range)
    {
      const uint64_t last = INT64_MAX;
      const uint64_t end =
          range.count > last - std::min(range.first, last) ? last : range.first + range.count;
      std::vector<Json::Value> answers;
      transaction.QueryEach<std::optional<std::string>, std::optional<Binary>>(
          "SELECT content, packedContent FROM SharedQueryAnswers WHERE queryId = $1 AND number >= $2"
          " AND number < $3 ORDER BY number",
          [&answers](const std::optional<std::string>& text, const std::optional<Binary>& packed)
          {
            answers.push_back(ParseJson(text ? *text : Decompress(packed->bytes, MAXIMUM_ANSWER)));
          },
          id, std::min(range.first, last), end);
      return answers;
    }
  }

  QueryStore::QueryStore(const ReplicaIdentity& identity, IDatabase& database)
      : identity_(identity), database_(database)
  {
  }

  // Repeatable: after a commit in doubt the second attempt finds the row of the first one.
  void QueryStore::Insert(const Query& query, const std::vector<Json::Value>& answers)
  {
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          const bool isNew =
              transaction.ExecuteCounted(
                  "INSERT INTO SharedQueries(id, createdAt, lastUsedAt, serverIdentifier, replica, modality,"
                  " level, query, isNormalized, localAet, targetAet, retrieveMethod, timeoutSeconds,"
                  " answersCount) SELECT $1, moment, moment, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12"
                  " FROM (SELECT SharedNow() AS moment) AS clock WHERE true ON CONFLICT (id) DO NOTHING",
                  query.id, identity_.serverIdentifier, identity_.name, query.modality, query.level,
                  WriteText(query.query), query.isNormalized, query.localAet, query.targetAet,
                  query.retrieveMethod, query.timeoutSeconds, answers.size()) == 1;
          for (size_t i = 0; isNew && i < answers.size(); i++)
          {
            InsertAnswer(transaction, query.id, static_cast<int64_t>(i), answers[i]);
            if ((i + 1) % ANSWERS_PER_FLUSH == 0)
            {
              transaction.Flush();
            }
          }
        },
        INSERT_POLICY);
  }

  std::optional<QueryWithAnswers> QueryStore::Read(const std::string& id, const AnswerRange& range)
  {
    bool isTouched = true;
    auto found = RunTransaction(
        database_, AccessMode::ReadOnly,
        [&](Transaction& transaction) -> std::optional<QueryWithAnswers>
        {
          auto row = transaction.QueryOptional<std::string, ResourceLevel, std::string, bool, std::string,
                                               std::string, std::string, uint32_t, uint64_t, bool>(
              "SELECT modality, level, query, isNormalized, localAet, targetAet, retrieveMethod,"
              " timeoutSeconds, answersCount, CASE WHEN lastUsedAt < SharedNow() - $2 THEN 0 ELSE 1 END"
              " FROM SharedQueries WHERE id = $1",
              id, TOUCH_INTERVAL);
          if (!row)
          {
            return std::nullopt;
          }
          QueryWithAnswers result;
          Query& query = result.query;
          query.id = id;
          std::string text;
          std::tie(query.modality, query.level, text, query.isNormalized, query.localAet, query.targetAet,
                   query.retrieveMethod, query.timeoutSeconds, query.answersCount, isTouched) =
              std::move(*row);
          query.query = ParseJson(text);
          if (range.count > 0)
          {
            result.answers = ReadAnswers(transaction, id, range);
          }
          // It may have been deleted between the two statements
          const uint64_t behind = query.answersCount - std::min(query.answersCount, range.first);
          return result.answers.size() == std::min(behind, range.count)
                     ? std::make_optional(std::move(result))
                     : std::nullopt;
        });
    if (found && !isTouched)
    {
      Touch(id);
    }
    return found;
  }

  // Not worth an error to whoever reads
  void QueryStore::Touch(const std::string& id) noexcept
  {
    try
    {
      RunTransaction(
          database_, AccessMode::ReadWrite,
          [&](Transaction& transaction)
          {
            transaction.Execute("UPDATE SharedQueries SET lastUsedAt = SharedNow() WHERE id = $1"
                                " AND lastUsedAt < SharedNow() - $2",
                                id, TOUCH_INTERVAL);
          },
          TOUCH_POLICY);
    }
    catch (const std::exception& error)
    {
      LogInfo(std::string("The use of a query could not be recorded: ") + error.what());
    }
  }

  std::vector<std::string> QueryStore::GetIds()
  {
    auto ids = RunTransaction(database_, AccessMode::ReadOnly,
                              [](Transaction& transaction)
                              {
                                std::vector<std::string> rows;
                                transaction.QueryEach<std::string>("SELECT id FROM SharedQueries",
                                                                   [&rows](std::string id)
                                                                   {
                                                                     rows.push_back(std::move(id));
                                                                   });
                                return rows;
                              });
    std::sort(ids.begin(), ids.end());
    return ids;
  }

  void QueryStore::Delete(const std::string& id)
  {
    constexpr RetryPolicy REPEATABLE{10, 10, 1000, true};
    RunTransaction(
        database_, AccessMode::ReadWrite,
        [&](Transaction& transaction)
        {
          transaction.Execute("DELETE FROM SharedQueries WHERE id = $1", id);
        },
        REPEATABLE);
  }
}
