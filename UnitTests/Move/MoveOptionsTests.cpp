// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Common/Uuid.h"
#include "Resources/Tools/Move/ConfigurationFiles.h"
#include "Resources/Tools/Move/MoveOptions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

using namespace OrthancRegistry;
using Move::MoveOptions;

namespace
{
  std::optional<MoveOptions> Parse(std::initializer_list<std::string_view> given)
  {
    std::vector<std::string> arguments;
    arguments.emplace_back("orthanc-registry-move");
    arguments.insert(arguments.end(), given.begin(), given.end());
    std::vector<char*> pointers;
    for (std::string& argument : arguments)
    {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    return MoveOptions::Parse(static_cast<int>(arguments.size()), pointers.data());
  }

  std::string GetRefusal(std::initializer_list<std::string_view> arguments)
  {
    try
    {
      Parse(arguments);
    }
    catch (const RegistryError& error)
    {
      EXPECT_EQ(ErrorCode::BadRequest, error.GetCode());
      return error.what();
    }
    return "";
  }
}

class MoveOptionsTest : public testing::Test
{
protected:
  void SetUp() override
  {
    std::filesystem::create_directory(folder_);
  }

  void TearDown() override
  {
    std::filesystem::remove_all(folder_);
  }

  void Write(const std::string& name, const std::string& content)
  {
    std::ofstream(folder_ / name) << content;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("registry-test-options-" + GenerateUuid());
};

TEST_F(MoveOptionsTest, WithoutConfiguration)
{
  const auto uri =
      Parse({"--source", "/old/index", "--target-uri", "postgresql://me@there/db", "--target-schema", "other",
             "--server", "hospital", "--batch", "7", "--drop-jobs", "--check"});
  ASSERT_TRUE(uri);
  EXPECT_EQ("/old/index", uri->source);
  const auto& parameters = std::get<PostgreSQLParameters>(uri->target);
  EXPECT_EQ("there", *parameters.Find("host"));
  EXPECT_EQ("other", parameters.schema);
  EXPECT_EQ("hospital", uri->server);
  EXPECT_EQ(7u, uri->batchRows);
  EXPECT_TRUE(uri->dropsJobs);
  EXPECT_TRUE(uri->onlyChecks);

  const auto file = Parse({"-s", "/old", "--target-sqlite", "/new/index.sqlite"});
  ASSERT_TRUE(file);
  EXPECT_EQ("/new/index.sqlite", std::get<SQLiteParameters>(file->target).path);
  EXPECT_EQ("", file->server);
  EXPECT_FALSE(file->dropsJobs);

  EXPECT_FALSE(Parse({"--help"}));
}

TEST_F(MoveOptionsTest, WrongCommandLines)
{
  EXPECT_NE("", GetRefusal({"--source", "/old"}));
  EXPECT_NE("", GetRefusal({"--target-sqlite", "/new"}));
  EXPECT_NE("", GetRefusal({"--unknown"}));
  EXPECT_NE("", GetRefusal({"-s", "/old", "--target-sqlite", "/new", "extra"}));
  EXPECT_NE(
      "", GetRefusal({"-s", "/old", "--target-sqlite", "/new", "--target-uri", "postgresql://me@there/db"}));
  for (const char* const batch : {"0", "x", "10x", "-1", "1000001", ""})
  {
    EXPECT_NE("", GetRefusal({"-s", "/old", "--target-sqlite", "/new", "--batch", batch})) << batch;
  }
  const std::string refusal = GetRefusal({"-s", "/old", "--target-uri", "postgresql://me:secret@there/db"});
  EXPECT_NE(std::string::npos, refusal.find("PGPASSFILE"));
  EXPECT_EQ(std::string::npos, refusal.find("secret"));
}

TEST_F(MoveOptionsTest, FromAFolder)
{
  setenv("REGISTRY_TEST_MOVE_HOST", "there", 1);
  Write("orthanc.json", R"({ // comment
    "StorageDirectory": "storage", "IndexDirectory": "../index", "DatabaseServerIdentifier": "hospital" })");
  Write("database.JSON", R"({ "PostgreSQL": { "EnableIndex": true, "Host": "${REGISTRY_TEST_MOVE_HOST}",
    "Username": "${REGISTRY_TEST_MOVE_NOTHING:-me}", "Schema": "other", "Lock": true, "Password": "secret",
    "NoOption": 1 } })");
  Write("notes.txt", "no JSON");
  const auto options = Parse({"-c", folder_.string()});
  ASSERT_TRUE(options);
  EXPECT_EQ(folder_ / "../index", options->source);
  EXPECT_EQ("hospital", options->server);
  const auto& parameters = std::get<PostgreSQLParameters>(options->target);
  EXPECT_EQ("there", *parameters.Find("host"));
  EXPECT_EQ("me", *parameters.Find("user"));
  EXPECT_EQ("secret", *parameters.Find("password"));
  EXPECT_EQ("other", parameters.schema);
  EXPECT_FALSE(options->warnings.empty());

  EXPECT_EQ("/elsewhere", Parse({"-c", folder_.string(), "-s", "/elsewhere"})->source);
  EXPECT_EQ(
      "/new",
      std::get<SQLiteParameters>(Parse({"-c", folder_.string(), "--target-sqlite", "/new"})->target).path);
  EXPECT_EQ("mine", Parse({"-c", folder_.string(), "--server", "mine"})->server);

  Write("twice.json", R"({ "StorageDirectory": "other" })");
  EXPECT_THROW(Parse({"-c", folder_.string()}), RegistryError);
}

TEST_F(MoveOptionsTest, FromAFile)
{
  const std::string file = folder_ / "orthanc.json";
  Write("orthanc.json", R"({ "StorageDirectory": "/storage", "SQLite": { "EnableIndex": true } })");
  const auto options = Parse({"--configuration", file});
  ASSERT_TRUE(options);
  EXPECT_EQ("/storage", options->source);
  EXPECT_EQ("/storage/index.sqlite", std::get<SQLiteParameters>(options->target).path);

  Write("orthanc.json", R"({ "StorageDirectory": "/storage" })");
  EXPECT_NE(std::string::npos, GetRefusal({"-c", file}).find("EnableIndex"));
  Write("orthanc.json", "no JSON");
  EXPECT_THROW(Parse({"-c", file}), RegistryError);
  EXPECT_THROW(Parse({"-c", folder_.string() + "/absent"}), RegistryError);
}

TEST_F(MoveOptionsTest, Variables)
{
  setenv("REGISTRY_TEST_MOVE_VALUE", "value", 1);
  const auto substitute = Move::ConfigurationFiles::SubstituteVariables;
  EXPECT_EQ("a value b", substitute("a ${REGISTRY_TEST_MOVE_VALUE} b"));
  EXPECT_EQ("value", substitute("${REGISTRY_TEST_MOVE_VALUE:-default}"));
  EXPECT_EQ("|default|", substitute("${REGISTRY_TEST_MOVE_NOTHING}|${REGISTRY_TEST_MOVE_NOTHING:-default}|"));
  EXPECT_EQ("a b|c", substitute("${REGISTRY_TEST_MOVE_NOTHING:-\"a b\"}|${REGISTRY_TEST_MOVE_NOTHING:-'c'}"));
  EXPECT_EQ("$ {} ${open", substitute("$ {} ${open"));
}
