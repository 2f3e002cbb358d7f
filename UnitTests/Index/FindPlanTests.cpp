// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include "Framework/Index/Find/FilterCompiler.h"
#include "Framework/Index/Find/FindPage.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    // The first step of the plan of SQLite
    std::string GetFirstStep(const FindFilter& filter)
    {
      const auto database = TestDatabase::Create(Engine::SQLite);
      database->Migrate("Index");
      SqlBuilder sql(filter.level);
      CompileFilter(sql, database->GetDialect().GetFindDialect(), filter);
      CompileOrdering(sql, database->GetDialect().GetFindDialect(), {});
      std::string step;
      Transaction transaction(database->Get(), AccessMode::ReadOnly);
      transaction.QueryRows("EXPLAIN QUERY PLAN " + sql.BuildSelect("COUNT(*)"), sql.GetParameters(),
                            [&step](const IRow& row)
                            {
                              step = step.empty() ? row.GetText(3) : step;
                            });
      return step;
    }

    // 3,000 studies, a tenth of them without a date
    void AddStudies(IDatabase& database)
    {
      Transaction transaction(database, AccessMode::ReadWrite);
      transaction.ExecuteScript("INSERT INTO Resources (internalId, resourceType, publicId)"
                                " SELECT i, CASE WHEN i % 2 = 0 THEN 1 ELSE 3 END, md5(CAST(i AS TEXT)) FROM "
                                "generate_series(1, 6000) i;"
                                " INSERT INTO DicomIdentifiers (id, tagGroup, tagElement, value)"
                                " SELECT i, 8, 32, CAST(i % 1000 AS TEXT) FROM generate_series(1, 6000) i "
                                "WHERE i % 20 <> 0 AND i % 2 = 0;"
                                " ANALYZE Resources; ANALYZE DicomIdentifiers");
      transaction.Commit();
    }

    // The plan of PostgreSQL for a page of studies
    std::string GetPlan(TestDatabase& database, const FindRequest& request)
    {
      SqlBuilder sql(request.filter.level);
      const std::string page = SelectPage(sql, database.GetDialect().GetFindDialect(), request);
      std::string plan;
      Transaction transaction(database.Get(), AccessMode::ReadOnly);
      transaction.QueryRows("EXPLAIN " + page, sql.GetParameters(),
                            [&plan](const IRow& row)
                            {
                              plan += row.GetText(0) + "\n";
                            });
      return plan;
    }
  }

  // Not one index entry more than the page and what comes before it: else each page costs as much as
  // everything.
  TEST(FindPlanTests, PostgreSQLWalksToThePage)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Index");
    AddStudies(database->Get());
    FindRequest request;
    request.filter.level = ResourceLevel::Study;
    request.limits = FindLimits{100, 20};
    const std::string plain = GetPlan(*database, request);
    EXPECT_NE(plain.find("Index Only Scan using sharedparentsindex"), std::string::npos) << plain;

    request.ordering = {OrderByTag(ResourceLevel::Study, STUDY_DATE, true)};
    request.ordering[0].isIdentifier = true;
    const std::string descending = GetPlan(*database, request);
    EXPECT_NE(descending.find("Index Scan Backward using dicomidentifiersindex3"), std::string::npos)
        << descending;
    EXPECT_NE(descending.find("One-Time Filter"), std::string::npos) << descending;

    request.ordering[0].descending = false;
    const std::string ascending = GetPlan(*database, request);
    EXPECT_NE(ascending.find("Index Scan using dicomidentifiersindex3"), std::string::npos) << ascending;
  }

  // Without statistics, SQLite would look at each resource of the level.
  TEST(FindPlanTests, SQLiteBeginsWithTheIdentifier)
  {
    FindFilter filter = MakeFilter(ResourceLevel::Series);
    filter.tags = {MakeConstraint(ResourceLevel::Study, PATIENT_ID, ConstraintType::Equal, {"A"})};
    filter.tags[0].isIdentifier = true;
    EXPECT_NE(GetFirstStep(filter).find("DicomIdentifiersIndex3 (tagGroup=? AND tagElement=? AND value=?)"),
              std::string::npos)
        << GetFirstStep(filter);

    filter.tags[0] = MakeConstraint(ResourceLevel::Study, STUDY_DATE, ConstraintType::GreaterOrEqual, {"A"});
    filter.tags.push_back(
        MakeConstraint(ResourceLevel::Study, STUDY_DATE, ConstraintType::SmallerOrEqual, {"B"}));
    filter.tags[0].isIdentifier = true;
    filter.tags[1].isIdentifier = true;
    EXPECT_NE(GetFirstStep(filter).find("value>? AND value<?"), std::string::npos) << GetFirstStep(filter);
  }
}
