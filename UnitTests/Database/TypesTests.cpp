// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/TestDatabases.h"

#include <cmath>
#include <limits>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

namespace
{
  constexpr const char* TEXTS[] = {
      "",
      " ",
      "plain",
      "it's \"quoted\" \\ and \\' {a,b} [1] $1 %s ?",
      "line\r\nbreak\ttab \x01\x1f\x7f",
      "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\xa9\xbb \xf4\x8f\xbf\xbf",
      "NULL",
  };

  constexpr int64_t INTEGERS[] = {0,
                                  1,
                                  -1,
                                  std::numeric_limits<int32_t>::max(),
                                  std::numeric_limits<int32_t>::min(),
                                  int64_t(1) << 53,
                                  (int64_t(1) << 53) + 1,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};

  Binary MakeAllBytes()
  {
    Binary binary;
    for (int i = 0; i < 256; i++)
    {
      binary.bytes.push_back(static_cast<char>(i));
    }
    return binary;
  }

  enum class Color
  {
    Red = 3
  };
}

class DatabaseTypes : public EngineTest
{
protected:
  void SetUp() override
  {
    EngineTest::SetUp();
    transaction_ = std::make_unique<Transaction>(GetDatabase(), AccessMode::ReadWrite);
    transaction_->ExecuteScript("CREATE TABLE Samples(id BIGINT PRIMARY KEY, i BIGINT, r DOUBLE PRECISION, "
                                "t TEXT, b BYTEA)");
  }

  void TearDown() override
  {
    transaction_.reset();
  }

  // Through a parameter and back, and through a column
  template <typename T>
  void ExpectUnchanged(const std::string& column, const T& value)
  {
    EXPECT_EQ(value, transaction_->QueryValue<T>("SELECT $1", value));
    transaction_->Execute("DELETE FROM Samples");
    transaction_->Execute("INSERT INTO Samples(id, " + column + ") VALUES(1, $1)", value);
    EXPECT_EQ(value, transaction_->QueryValue<T>("SELECT " + column + " FROM Samples"));
    EXPECT_EQ(1, transaction_->QueryValue<int>(
                     "SELECT CAST(COUNT(*) AS BIGINT) FROM Samples WHERE " + column + " = $1", value));
  }

  std::unique_ptr<Transaction> transaction_;
};

CONFORMANCE_SUITE(DatabaseTypes);

TEST_P(DatabaseTypes, Integers)
{
  for (const int64_t value : INTEGERS)
  {
    ExpectUnchanged("i", value);
  }
}

TEST_P(DatabaseTypes, Reals)
{
  for (const double value : {0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::infinity()})
  {
    ExpectUnchanged("r", value);
  }
}

TEST_P(DatabaseTypes, Texts)
{
  for (const std::string text : TEXTS)
  {
    ExpectUnchanged("t", text);
  }
  ExpectUnchanged("t", std::string(3000000, 'x'));
}

TEST_P(DatabaseTypes, Binaries)
{
  ExpectUnchanged("b", Binary{""});
  ExpectUnchanged("b", Binary{std::string(1, '\0')});
  ExpectUnchanged("b", MakeAllBytes());
  ExpectUnchanged("b", Binary{std::string(3000000, '\xff')});
}

TEST_P(DatabaseTypes, RefusesTextThatIsNotUtf8)
{
  for (const std::string& text : {std::string("\xff"), std::string("\xc3"), std::string("a\0b", 3)})
  {
    Transaction reader(GetDatabase(), AccessMode::ReadOnly);
    EXPECT_THROW(reader.QueryValue<std::string>("SELECT $1", text), StatementError);
  }
  Transaction reader(GetDatabase(), AccessMode::ReadOnly);
  const std::vector<std::string> list = {"good", "\xff"};
  EXPECT_THROW(reader.Query<int>("SELECT 1 WHERE 'x' = ANY($1)", list), StatementError);
}

TEST_P(DatabaseTypes, NullIsNotEmpty)
{
  transaction_->Execute("INSERT INTO Samples(id, i, r, t, b) VALUES(1, $1, $2, $3, $4)",
                        std::optional<int64_t>(), std::optional<double>(), std::optional<std::string>(),
                        std::optional<Binary>());
  transaction_->Execute("INSERT INTO Samples(id, i, r, t, b) VALUES(2, $1, $2, $3, $4)", 0, 0.0, "",
                        Binary());

  const auto rows =
      transaction_->Query<std::optional<int64_t>, std::optional<double>, std::optional<std::string>,
                          std::optional<Binary>>("SELECT i, r, t, b FROM Samples ORDER BY id");
  ASSERT_EQ(2u, rows.size());
  EXPECT_EQ(std::make_tuple(std::nullopt, std::nullopt, std::nullopt, std::nullopt), rows[0]);
  EXPECT_EQ(std::make_tuple(0, 0.0, "", Binary()), rows[1]);
  EXPECT_EQ(1, transaction_->QueryValue<int>("SELECT id FROM Samples WHERE t IS NULL AND b IS NULL"));
  EXPECT_EQ(2, transaction_->QueryValue<int>("SELECT id FROM Samples WHERE t = '' AND b IS NOT NULL"));
}

TEST_P(DatabaseTypes, EnumerationsBooleansAndOptionals)
{
  transaction_->Execute("INSERT INTO Samples(id, i, t) VALUES($1, $2, $3)", Color::Red, true,
                        std::optional<std::string>("set"));
  const auto row =
      transaction_->QueryOptional<Color, bool, std::optional<std::string>>("SELECT id, i, t FROM Samples");
  EXPECT_EQ(std::make_tuple(Color::Red, true, "set"), row);
}

TEST_P(DatabaseTypes, NullIntoAValueIsAnError)
{
  transaction_->Execute("INSERT INTO Samples(id) VALUES(1)");
  EXPECT_THROW(transaction_->QueryValue<std::string>("SELECT t FROM Samples"), StatementError);
}

TEST_P(DatabaseTypes, OutOfRangeIsAnError)
{
  EXPECT_THROW(transaction_->QueryValue<int32_t>("SELECT $1", int64_t(1) << 40), StatementError);
}

TEST_P(DatabaseTypes, WrongNumberOfColumnsIsAnError)
{
  transaction_->Execute("INSERT INTO Samples(id) VALUES(1)");
  EXPECT_THROW(transaction_->Query<int64_t>("SELECT id, id FROM Samples"), StatementError);
}

TEST_P(DatabaseTypes, WrongTypesOfColumnsAreErrors)
{
  transaction_->Execute("INSERT INTO Samples(id, i, r, t, b) VALUES(1, 2, 3.5, '4', $1)", Binary{"5"});
  transaction_->Commit();
  const auto expectRefused = [&]<typename T>(T, const char* sql)
  {
    Transaction reader(GetDatabase(), AccessMode::ReadOnly);
    EXPECT_THROW(reader.QueryValue<T>(sql), StatementError) << sql;
  };
  expectRefused(int64_t(), "SELECT t FROM Samples");
  expectRefused(int64_t(), "SELECT b FROM Samples");
  expectRefused(int64_t(), "SELECT r FROM Samples");
  expectRefused(double(), "SELECT t FROM Samples");
  expectRefused(std::string(), "SELECT i FROM Samples");
  expectRefused(std::string(), "SELECT b FROM Samples");
  expectRefused(Binary(), "SELECT t FROM Samples");
  expectRefused(Binary(), "SELECT i FROM Samples");
}

TEST_P(DatabaseTypes, ListsOfIntegers)
{
  for (size_t i = 0; i < std::size(INTEGERS); i++)
  {
    transaction_->Execute("INSERT INTO Samples(id, i) VALUES($1, $2)", static_cast<int64_t>(i), INTEGERS[i]);
  }
  constexpr const char* COUNT = "SELECT CAST(COUNT(*) AS BIGINT) FROM Samples WHERE i = ANY($1)";
  EXPECT_EQ(0, transaction_->QueryValue<int>(COUNT, std::vector<int64_t>()));
  EXPECT_EQ(0, transaction_->QueryValue<int>(COUNT, std::vector<int64_t>{42}));
  for (const int64_t value : INTEGERS)
  {
    EXPECT_EQ(1, transaction_->QueryValue<int>(COUNT, std::vector<int64_t>{value})) << value;
  }
  const std::vector<int64_t> all(std::begin(INTEGERS), std::end(INTEGERS));
  EXPECT_EQ(static_cast<int>(all.size()), transaction_->QueryValue<int>(COUNT, all));
}

TEST_P(DatabaseTypes, ListsOfTexts)
{
  for (size_t i = 0; i < std::size(TEXTS); i++)
  {
    transaction_->Execute("INSERT INTO Samples(id, t) VALUES($1, $2)", static_cast<int64_t>(i), TEXTS[i]);
  }
  constexpr const char* COUNT = "SELECT CAST(COUNT(*) AS BIGINT) FROM Samples WHERE t = ANY($1)";
  EXPECT_EQ(0, transaction_->QueryValue<int>(COUNT, std::vector<std::string>()));
  for (const std::string text : TEXTS)
  {
    EXPECT_EQ(1, transaction_->QueryValue<int>(COUNT, std::vector<std::string>{"other", text})) << text;
  }
  const std::vector<std::string> all(std::begin(TEXTS), std::end(TEXTS));
  EXPECT_EQ(static_cast<int>(all.size()), transaction_->QueryValue<int>(COUNT, all));
}

TEST_P(DatabaseTypes, LikeDistinguishesCase)
{
  EXPECT_TRUE(transaction_->QueryOptional<int>("SELECT 1 WHERE $1 LIKE 'AB%'", "ABC"));
  EXPECT_FALSE(transaction_->QueryOptional<int>("SELECT 1 WHERE $1 LIKE 'ab%'", "ABC"));
}

TEST_P(DatabaseTypes, ClockCountsMicroseconds)
{
  transaction_.reset();
  Migrator(GetDatabase(), "None", {}).Run();
  Transaction reader(GetDatabase(), AccessMode::ReadOnly);
  const auto now = reader.QueryValue<int64_t>("SELECT SharedNow()");
  const auto here = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  EXPECT_LT(std::abs(now - here), 60000000);
}
