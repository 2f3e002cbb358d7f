// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/StockSchema.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/Migrator.h"
#include "Framework/Database/Retry.h"
#include "PostgreSQL/EmbeddedMigrations.h"
#include "PostgreSQL/IndexProgress.h"
#include "PostgreSQL/ServerLock.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>

namespace OrthancRegistry
{
  namespace
  {
    constexpr const char* COMPONENT = "Adoption";
    constexpr const char* SCHEMA_VERSION = "6";
    constexpr int NEWEST_REVISION = 10;
    constexpr int FIRST_WITH_ALL_KEYS = 3;

    // Where the functions and triggers begin in the first migration of the index
    constexpr std::string_view FIRST_FUNCTION = "CREATE FUNCTION SharedLockKey";

    // Cautious: what a small server reads, sorts and writes again
    constexpr int64_t BYTES_PER_SECOND = 50'000'000;

    int ParseRevision(const std::string& text)
    {
      int revision = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
      if (error != std::errc() || end != text.data() + text.size() || revision < 0 ||
          revision > NEWEST_REVISION)
      {
        throw RegistryError(ErrorCode::IncompatibleConfigurations,
                            "This database was made by the stock PostgreSQL plugin and has revision \"" +
                                text + "\" of its schema, but only the revisions up to " +
                                std::to_string(NEWEST_REVISION) +
                                " are known: use a newer version of this plugin");
      }
      return revision;
    }

    std::optional<std::string> LookupProperty(Transaction& transaction, int property)
    {
      auto row = transaction.QueryOptional<std::string>(
          "SELECT COALESCE(value, '') FROM GlobalProperties WHERE property = $1", property);
      return row ? std::make_optional(std::get<0>(std::move(*row))) : std::nullopt;
    }

    bool HasTable(Transaction& transaction, const std::string& name)
    {
      return transaction.QueryValue<bool>("SELECT to_regclass($1) IS NOT NULL", name);
    }

    int GetVersion(Transaction& transaction, const std::string& component)
    {
      if (!HasTable(transaction, "sharedversions"))
      {
        return 0;
      }
      const auto row = transaction.QueryOptional<int>(
          "SELECT CAST(version AS BIGINT) FROM SharedVersions WHERE component = $1", component);
      return row ? std::get<0>(*row) : 0;
    }

    // Our functions and triggers are those of the first migration, whose text never changes.
    std::string GetFunctionsOfIndex()
    {
      const std::string_view script = PostgreSQL::GetMigrations("Index").front().sql;
      const size_t begin = script.find(FIRST_FUNCTION);
      if (begin == std::string_view::npos)
      {
        throw std::logic_error("The first migration of the index does not have the functions where expected");
      }
      return std::string(script.substr(begin));
    }

    int RunSteps(IDatabase& database)
    {
      const std::span<const Migration> embedded = PostgreSQL::GetMigrations(COMPONENT);
      std::vector<Migration> steps(embedded.begin(), embedded.end());
      Migration& takeOver = steps.at(1);
      const std::string script = std::string(takeOver.sql) + "\n" + GetFunctionsOfIndex();
      takeOver.sql = script;
      return Migrator(database, COMPONENT, steps).Run();
    }

    int64_t EstimateSeconds(const StockSchema& found)
    {
      // An index on all identifiers and one on all resources in any case (Index/0002), two more for old
      // revisions
      const int64_t passes = found.revision < FIRST_WITH_ALL_KEYS ? 2 : 1;
      return 1 + passes * found.size / BYTES_PER_SECOND;
    }

    void CheckOwner(IDatabase& database)
    {
      const bool isOwner =
          RunTransaction(database, AccessMode::ReadOnly,
                         [](Transaction& transaction)
                         {
                           return transaction.QueryValue<bool>(
                               "SELECT pg_has_role(relowner, 'USAGE') FROM pg_catalog.pg_class "
                               "WHERE oid = to_regclass('resources')");
                         });
      if (!isOwner)
      {
        throw RegistryError(ErrorCode::IncompatibleConfigurations,
                            std::string("This database was made by the stock PostgreSQL plugin, and this "
                                        "server has no right to take it over: ") +
                                UPGRADE_ADVICE);
      }
    }

    void CheckNobodyElse(IDatabase& database)
    {
      const auto holders = RunTransaction(
          database, AccessMode::ReadOnly,
          [](Transaction& transaction)
          {
            return transaction.QueryValue<int64_t>(
                "SELECT COUNT(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = 0 AND "
                "objid = CAST($1 AS BIGINT) AND objsubid = 1 AND granted AND "
                "database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())",
                INDEX_LOCK);
          });
      if (holders > 0)
      {
        throw RegistryError(
            ErrorCode::DatabaseUnavailable,
            "Another Orthanc still uses this PostgreSQL database: stop it before its database is "
            "taken over");
      }
    }
  }

  std::optional<StockSchema> StockSchema::Find(IDatabase& database)
  {
    return RunTransaction(
        database, AccessMode::ReadOnly,
        [](Transaction& transaction) -> std::optional<StockSchema>
        {
          if (!HasTable(transaction, "globalproperties") || !HasTable(transaction, "resources") ||
              GetVersion(transaction, "Index") != 0)
          {
            return std::nullopt;
          }
          const std::string version = LookupProperty(transaction, 1).value_or("");
          if (version != SCHEMA_VERSION)
          {
            throw RegistryError(
                ErrorCode::IncompatibleConfigurations,
                "This database was made by another plugin for an Orthanc that is too old or too new "
                "(version \"" +
                    version + "\" of the schema instead of " + SCHEMA_VERSION + ")");
          }
          return StockSchema{
              ParseRevision(LookupProperty(transaction, 4).value_or("0")),
              transaction.QueryValue<int64_t>("SELECT CAST(pg_relation_size('resources') + "
                                              "pg_relation_size('dicomidentifiers') AS BIGINT)")};
        });
  }

  bool AdoptStockSchema(IDatabase& database, bool isExclusive)
  {
    const std::optional<StockSchema> found = StockSchema::Find(database);
    if (!found)
    {
      const bool isAdopted = RunTransaction(database, AccessMode::ReadOnly,
                                            [](Transaction& transaction)
                                            {
                                              return GetVersion(transaction, COMPONENT) > 0;
                                            });
      if (isAdopted)
      {
        RunSteps(database); // that a newer version of this plugin may have
      }
      return isAdopted;
    }

    CheckOwner(database);
    if (!isExclusive)
    {
      CheckNobodyElse(database);
    }
    LogWarning(
        "This database was made by the stock PostgreSQL plugin, revision " + std::to_string(found->revision) +
        " of its schema. It is taken over in place, which takes about " +
        std::to_string(EstimateSeconds(*found)) +
        " s with the indexes that follow. From now on, stock plugins cannot write to it any more, unless "
        "the script Resources/Rollback/to-stock.sql is run first");
    const auto start = std::chrono::steady_clock::now();
    const IndexProgress progress(database);
    const int steps = RunSteps(database);
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    LogWarning(steps == 0 ? std::string("Another replica has taken the database over")
                          : "The database has been taken over from the stock plugin, in " +
                                std::to_string(elapsed.count()) + " ms");
    return true;
  }
}
