// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/PostgreSQLTarget.h"

#include "PostgreSQL/EmbeddedMigrations.h"

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr std::string_view HEX_DIGITS = "0123456789abcdef";

    // Indexes and foreign keys of the tables that are filled: dropped, with the statements that make them
    // again. To check a foreign key for each row takes most of the time of the copy, to check all of them at
    // once nearly none. Indexes of primary keys and unique ones stay.
    constexpr std::string_view POSTPONE = R"(
DO $$
DECLARE
  tables OID[] := ARRAY['Resources'::regclass, 'MainDicomTags'::regclass, 'DicomIdentifiers'::regclass,
                        'Metadata'::regclass, 'AttachedFiles'::regclass, 'Labels'::regclass, 'Changes'::regclass];
  dropped RECORD;
BEGIN
  FOR dropped IN
    SELECT pg_get_indexdef(i.indexrelid) AS made, format('DROP INDEX %s', i.indexrelid::regclass) AS gone
    FROM pg_catalog.pg_index i
    WHERE i.indrelid = ANY(tables) AND NOT i.indisunique
    ORDER BY i.indrelid, i.indexrelid
  LOOP
    INSERT INTO SharedMovePostponed (position, statement)
    SELECT COUNT(*) + 1, dropped.made FROM SharedMovePostponed;
    EXECUTE dropped.gone;
  END LOOP;

  FOR dropped IN
    SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS made,
           format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS gone
    FROM pg_catalog.pg_constraint
    WHERE conrelid = ANY(tables) AND contype = 'f'
    ORDER BY conrelid, oid
  LOOP
    INSERT INTO SharedMovePostponed (position, statement)
    SELECT COUNT(*) + 1, dropped.made FROM SharedMovePostponed;
    EXECUTE dropped.gone;
  END LOOP;

  -- Runs last, for the planner
  INSERT INTO SharedMovePostponed (position, statement)
  VALUES (1000000, 'ANALYZE Resources, MainDicomTags, DicomIdentifiers, Metadata, AttachedFiles, Labels, Changes')
  ON CONFLICT (position) DO NOTHING;
END
$$;
)";

    // A list of binaries travels as a list of texts.
    std::vector<std::string> ToHex(const std::vector<std::string>& values)
    {
      std::vector<std::string> texts;
      texts.reserve(values.size());
      for (const std::string& value : values)
      {
        std::string& text = texts.emplace_back();
        text.reserve(2 * value.size());
        for (const char c : value)
        {
          const auto byte = static_cast<unsigned char>(c);
          text += HEX_DIGITS[byte >> 4];
          text += HEX_DIGITS[byte & 15];
        }
      }
      return texts;
    }

    std::string GetExpression(const Column& column)
    {
      const std::string name = column.name;
      switch (column.type)
      {
      case CellType::OptionalInteger:
        return "NULLIF(u." + name + ", 0)";
      case CellType::Binary:
        return "decode(u." + name + ", 'hex')";
      case CellType::OptionalBinary:
        return "decode(NULLIF(u." + name + ", ''), 'hex')";
      default:
        return "u." + name;
      }
    }

    // INSERT INTO Labels (id, label) SELECT u.id, u.label FROM unnest($1, $2) AS u (id, label)
    std::string MakeStatement(const CopyStep& step)
    {
      std::string names;
      std::string expressions;
      std::string parameters;
      for (size_t i = 0; i < step.columns.size(); i++)
      {
        const std::string comma = i == 0 ? "" : ", ";
        names += comma + step.columns[i].name;
        expressions += comma + GetExpression(step.columns[i]);
        parameters += comma + "$" + std::to_string(i + 1);
      }
      return "INSERT INTO " + std::string(step.table) + " (" + names + ") SELECT " + expressions +
             " FROM unnest(" + parameters + ") AS u (" + names + ")";
    }
  }

  std::vector<std::string_view> PostgreSQLTarget::GetComponents() const
  {
    return {"Index", "Jobs", "Calls", "Directory", "Queries", "Stability"};
  }

  std::span<const Migration> PostgreSQLTarget::GetMigrations(std::string_view component) const
  {
    return PostgreSQL::GetMigrations(component);
  }

  bool PostgreSQLTarget::HasTable(Transaction& transaction, const std::string& table) const
  {
    return transaction.QueryValue<bool>(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relname = lower($1) "
        "AND c.relkind IN ('r', 'p')) THEN 1 ELSE 0 END",
        table);
  }

  const std::string& PostgreSQLTarget::GetStatement(const CopyStep& step)
  {
    std::string& statement = statements_[step.name];
    if (statement.empty())
    {
      statement = MakeStatement(step);
    }
    return statement;
  }

  void PostgreSQLTarget::Insert(Transaction& transaction, const CopyStep& step, const Batch& batch)
  {
    std::vector<std::vector<std::string>> encoded(step.columns.size());
    std::vector<Parameter> parameters;
    for (size_t i = 0; i < step.columns.size(); i++)
    {
      if (step.columns[i].IsInteger())
      {
        parameters.push_back(Bind(batch.GetIntegers(i)));
      }
      else if (step.columns[i].IsBinary())
      {
        encoded[i] = ToHex(batch.GetTexts(i));
        parameters.push_back(Bind(encoded[i]));
      }
      else
      {
        parameters.push_back(Bind(batch.GetTexts(i)));
      }
    }
    transaction.QueryRows(GetStatement(step), parameters, {});
  }

  void PostgreSQLTarget::SetSequence(Transaction& transaction, std::string_view sequence, int64_t last)
  {
    static constexpr std::pair<std::string_view, std::string_view> NAMES[] = {
        {"Resources", "resources_internalid_seq"},
        {"Changes", "changes_seq_seq"},
        {"ExportedResources", "exportedresources_seq_seq"},
        {"Queues", "queues_id_seq"},
        {"PatientRecyclingOrder", "patientrecyclingordersequence"}};
    for (const auto& [source, name] : NAMES)
    {
      if (source == sequence && last > 0)
      {
        transaction.QueryValue<int64_t>("SELECT setval(CAST(CAST($1 AS TEXT) AS regclass), $2)", name, last);
      }
    }
  }

  void PostgreSQLTarget::Prepare(Transaction& transaction)
  {
    transaction.ExecuteScript(POSTPONE);
  }

  bool PostgreSQLTarget::CompleteNext(Transaction& transaction)
  {
    const auto next = transaction.QueryOptional<int64_t, std::string>(
        "SELECT position, statement FROM SharedMovePostponed ORDER BY position LIMIT 1");
    if (!next)
    {
      return false;
    }
    const auto& [position, statement] = *next;
    transaction.ExecuteScript(statement);
    transaction.Execute("DELETE FROM SharedMovePostponed WHERE position = $1", position);
    return true;
  }
}
