// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteTranslator.h"

#include <gtest/gtest.h>

using OrthancRegistry::SQLite::Translate;

TEST(SQLiteTranslator, NumbersParameters)
{
  EXPECT_EQ("SELECT ?2, ?1, ?10", Translate("SELECT $2, $1, $10"));
  EXPECT_EQ("x=?1", Translate("x=$1"));
}

TEST(SQLiteTranslator, ReplacesAny)
{
  EXPECT_EQ("WHERE x IN (SELECT value FROM json_each(?1)) AND y = ?2",
            Translate("WHERE x = ANY($1) AND y = $2"));
  EXPECT_EQ("WHERE x IN (SELECT value FROM json_each(?3))", Translate("WHERE x =  any ( $3 )"));
  EXPECT_EQ("WHERE (a,b) IN (SELECT value FROM json_each(?3))", Translate("WHERE (a,b) =ANY($3)"));
}

TEST(SQLiteTranslator, ListsOfOneValueNeedNoTable)
{
  EXPECT_EQ("WHERE x IN (?1) AND y IN (SELECT value FROM json_each(?2)) AND z IN (?3)",
            Translate("WHERE x = ANY($1) AND y = ANY($2) AND z = ANY($3)", 0b101));
  EXPECT_EQ("WHERE x IN (SELECT value FROM json_each(?65))", Translate("WHERE x = ANY($65)", ~0ull));
}

TEST(SQLiteTranslator, LeavesOtherUsesOfAny)
{
  for (const char* const sql :
       {"x = ANY(SELECT 1)", "x = any_column", "x = \"any\"", "x = ANY", "= ANY(", "x <> ANYTHING"})
  {
    EXPECT_EQ(sql, Translate(sql));
  }
}

TEST(SQLiteTranslator, ReplacesUnnest)
{
  EXPECT_EQ("FROM json_each(?2) AS value", Translate("FROM unnest($2) AS value"));
  EXPECT_EQ("FROM (SELECT ?2 AS value) AS value",
            Translate("FROM unnest($2) AS value", OrthancRegistry::SQLite::SingleValues(2)));
  for (const char* const sql : {"FROM unnest", "FROM unnest(x)", "unnested($)", "'unnest($1)'"})
  {
    EXPECT_EQ(sql, Translate(sql));
  }
}

TEST(SQLiteTranslator, RemovesRowLocks)
{
  EXPECT_EQ("SELECT 1 FROM t", Translate("SELECT 1 FROM t FOR UPDATE").substr(0, 15));
  for (const char* const lock :
       {"FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE", "for update", "FOR UPDATE OF a",
        "FOR UPDATE OF a, b SKIP LOCKED", "FOR KEY SHARE OF a NOWAIT", "FOR UPDATE SKIP LOCKED",
        "FOR\n  UPDATE -- comment\n  SKIP LOCKED"})
  {
    EXPECT_EQ("(SELECT x FROM t ) y", Translate("(SELECT x FROM t " + std::string(lock) + ") y")) << lock;
  }
}

TEST(SQLiteTranslator, LeavesWhatOnlyLooksLikeALock)
{
  for (const char* const sql : {"FOR EACH ROW", "SELECT before FROM t", "SELECT forupdate", "FOR",
                                "FOR NO KEY", "BEFORE UPDATE OF x ON t", "'x' FOR KEY y"})
  {
    EXPECT_EQ(sql, Translate(sql));
  }
}

TEST(SQLiteTranslator, LeavesLiteralsQuotedNamesAndComments)
{
  for (const char* const sql :
       {"SELECT '$1 = ANY($1) FOR UPDATE'", "SELECT 'it''s $1'", "SELECT \"$1 \"\"FOR UPDATE\"",
        "SELECT `$1`", "-- $1 FOR UPDATE\nSELECT 1", "/* $1 ' FOR UPDATE */ SELECT 1",
        "SELECT 'never closed $1", "/* $1", "SELECT '\\' || x", "SELECT '\xc3\xa9 $1'", "SELECT a$b, $", ""})
  {
    EXPECT_EQ(sql, Translate(sql));
  }
  EXPECT_EQ("SELECT '\\', ?1, '$1'", Translate("SELECT '\\', $1, '$1'"));
}
