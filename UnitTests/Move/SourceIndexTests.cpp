// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Resources/Tools/Move/SourceChecks.h"
#include "UnitTests/Move/SourceFile.h"

#include <gtest/gtest.h>

#include <fstream>

using namespace OrthancRegistry;
using namespace OrthancRegistry::Testing;

namespace
{
  std::string GetRefusal(const std::filesystem::path& path)
  {
    try
    {
      const Move::SourceIndex source(path);
      Move::SourceChecks::CheckResources(source);
    }
    catch (const RegistryError& error)
    {
      return error.what();
    }
    return "";
  }

  void ExpectRefusal(const std::filesystem::path& path, const std::string& reason)
  {
    const std::string refusal = GetRefusal(path);
    EXPECT_NE(std::string::npos, refusal.find(reason)) << refusal;
  }

  void ExpectDamage(const std::string& sql, const std::string& reason)
  {
    const SourceFile file;
    file.Fill();
    file.Execute(sql);
    ExpectRefusal(file.GetPath(), reason);
  }
}

TEST(MoveSource, IsAFileOrItsFolder)
{
  const SourceFile file;
  file.Fill();
  EXPECT_EQ("", GetRefusal(file.GetPath()));
  EXPECT_EQ("", GetRefusal(file.GetFolder()));
  ExpectRefusal(file.GetFolder() / "other", "There is no file");
}

TEST(MoveSource, KnowsItsVersion)
{
  const Move::SourceSchema oldest = Move::SourceIndex(SourceFile(CoreVersion::V1_10).GetPath()).GetSchema();
  EXPECT_FALSE(oldest.hasLabels || oldest.hasRevisions || oldest.hasStores || oldest.hasReservations);
  const Move::SourceSchema middle = Move::SourceIndex(SourceFile(CoreVersion::V1_12_7).GetPath()).GetSchema();
  EXPECT_TRUE(middle.hasLabels);
  EXPECT_FALSE(middle.hasRevisions || middle.hasStores || middle.hasReservations);
  const Move::SourceSchema newest = Move::SourceIndex(SourceFile(CoreVersion::V1_13).GetPath()).GetSchema();
  EXPECT_TRUE(newest.hasLabels && newest.hasRevisions && newest.hasStores && newest.hasReservations);
}

TEST(MoveSource, RefusesWhatIsNoIndex)
{
  const SourceFile file;
  std::ofstream(file.GetFolder() / "text") << std::string(1000, 'x');
  ExpectRefusal(file.GetFolder() / "text", "is no index of Orthanc");

  const SourceFile without;
  without.Execute("DROP TABLE PatientRecyclingOrder");
  ExpectRefusal(without.GetPath(), "is no index of Orthanc");

  const SourceFile ours;
  ours.Execute("CREATE TABLE SharedVersions(component TEXT)");
  ExpectRefusal(ours.GetPath(), "nothing to move");

  const SourceFile old;
  old.Execute("UPDATE GlobalProperties SET value = '5' WHERE property = 1");
  ExpectRefusal(old.GetPath(), "--upgrade");
}

TEST(MoveSource, RefusesARunningOrthanc)
{
  const SourceFile file;
  file.Fill();
  {
    const auto orthanc = file.OpenAsOrthanc();
    ExpectRefusal(file.GetPath(), "stop it first");
  }
  EXPECT_EQ("", GetRefusal(file.GetPath()));
}

TEST(MoveSource, KeepsOrthancFromStarting)
{
  const SourceFile file;
  file.Fill();
  {
    const Move::SourceIndex source(file.GetPath());
    EXPECT_FALSE(source.GetFingerprint().empty()); // must not let the lock go
    EXPECT_THROW(file.OpenAsOrthanc(), std::runtime_error);
  }
  file.OpenAsOrthanc();
}

// As after a kill of Orthanc
TEST(MoveSource, ReadsWhatIsOnlyInTheLog)
{
  const SourceFile file;
  file.Fill();
  const SourceFile killed;
  {
    const auto orthanc = file.OpenAsOrthanc();
    ASSERT_EQ(SQLITE_OK,
              sqlite3_exec(orthanc.get(), "DELETE FROM Changes WHERE seq = 5", nullptr, nullptr, nullptr));
    for (const char* const name : {"index", "index-wal"})
    {
      std::filesystem::copy_file(file.GetFolder() / name, killed.GetFolder() / name,
                                 std::filesystem::copy_options::overwrite_existing);
    }
  }
  const Move::SourceIndex source(killed.GetPath());
  EXPECT_EQ(2, source.QueryInteger("SELECT COUNT(*) FROM Changes"));
  EXPECT_EQ(9, source.GetSequence("Changes"));
}

TEST(MoveSource, FindsDamage)
{
  ExpectDamage("UPDATE Resources SET publicId = 'A1' WHERE publicId = 'A2'", "the same identifier");
  ExpectDamage("UPDATE Resources SET publicId = NULL WHERE internalId = 1", "no identifier");
  ExpectDamage("UPDATE Resources SET resourceType = 5 WHERE internalId = 1", "no level");
  ExpectDamage("UPDATE Resources SET parentId = NULL WHERE internalId = 1", "not below");
  ExpectDamage("UPDATE Resources SET parentId = 2 WHERE internalId = 1", "not below");
  ExpectDamage("UPDATE Resources SET parentId = 1 WHERE internalId = 2", "not below");
}

TEST(MoveSource, JobsThatHaveNotEnded)
{
  const SourceFile file;
  EXPECT_TRUE(Move::SourceChecks::GetUnfinishedJobs(Move::SourceIndex(file.GetPath())).empty());
  file.Execute(R"(INSERT INTO GlobalProperties VALUES (5, '{"Type": "JobsRegistry", "Jobs": {
    "a": {"State": "Success", "Job": {"Type": "Archive"}}, "b": {"State": "Pending", "Job": {"Type": "DicomModalityStore"}},
    "c": {"State": "Failure", "Job": {}}, "d": {"State": "Paused"}}}'))");
  EXPECT_EQ((std::vector<std::string>{"b (DicomModalityStore, Pending)", "d (unknown, Paused)"}),
            Move::SourceChecks::GetUnfinishedJobs(Move::SourceIndex(file.GetPath())));
  file.Execute("UPDATE GlobalProperties SET value = 'no JSON' WHERE property = 5");
  EXPECT_TRUE(Move::SourceChecks::GetUnfinishedJobs(Move::SourceIndex(file.GetPath())).empty());
}

TEST(MoveSource, PropertiesOfAServer)
{
  const SourceFile file;
  EXPECT_FALSE(Move::SourceChecks::HasServerProperties(Move::SourceIndex(file.GetPath())));
  file.Execute("INSERT INTO GlobalProperties VALUES (5, '{}')");
  EXPECT_FALSE(Move::SourceChecks::HasServerProperties(Move::SourceIndex(file.GetPath())));
  file.Execute("INSERT INTO GlobalProperties VALUES (1030, '')");
  EXPECT_TRUE(Move::SourceChecks::HasServerProperties(Move::SourceIndex(file.GetPath())));
}
