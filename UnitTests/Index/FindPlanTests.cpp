// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include "Framework/Index/Find/FilterCompiler.h"
#include "Framework/Index/Find/FindPage.h"
#include "Framework/Index/Find/PlanReuse.h"

#include <algorithm>

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

  namespace
  {
    TagConstraint MakeBound(ConstraintType type, const std::string& date)
    {
      TagConstraint bound = MakeConstraint(ResourceLevel::Study, STUDY_DATE, type, {date});
      bound.isIdentifier = true;
      return bound;
    }

    FindFilter MakePeriod(const std::string& first, const std::string& last)
    {
      FindFilter filter = MakeFilter(ResourceLevel::Study);
      filter.tags = {MakeConstraint(ResourceLevel::Series, MODALITY, ConstraintType::List, {"MR", "CT"}),
                     MakeBound(ConstraintType::GreaterOrEqual, first),
                     MakeBound(ConstraintType::SmallerOrEqual, last)};
      return filter;
    }

    // How often PostgreSQL has made plans for the values of the search for a period, and reused one
    std::pair<int64_t, int64_t> CountPlans(Transaction& transaction)
    {
      int64_t custom = 0;
      int64_t generic = 0;
      transaction.QueryEach<int64_t, int64_t>("SELECT custom_plans, generic_plans FROM pg_prepared_statements"
                                              " WHERE statement LIKE '%tagElement = ' || '32%'",
                                              [&](int64_t customPlans, int64_t genericPlans)
                                              {
                                                custom += customPlans;
                                                generic += genericPlans;
                                              });
      return {custom, generic};
    }
  }

  TEST(FindPlanTests, PostgreSQLPlansShortPeriodsOnce)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Index");
    AddStudies(database->Get());
    FindRequest request;
    for (const bool isShort : {true, false})
    {
      request.filter = MakePeriod("20240101", isShort ? "20240131" : "20991231");
      request.mainDicomTags = !request.mainDicomTags; // in one round trip, in two
      IndexTransaction t(database->Get(), database->GetDialect(), AccessMode::ReadOnly);
      const auto before = CountPlans(t.transaction);
      for (int i = 0; i < 3; i++)
      {
        FindResources(t, request);
        CountResources(t, request.filter);
      }
      const auto after = CountPlans(t.transaction);
      EXPECT_EQ(after.first - before.first, isShort ? 0 : 6);
      EXPECT_EQ(after.second - before.second, isShort ? 6 : 0);
    }
  }

  TEST(FindPlanTests, ThePlanOfAWritingTransactionIsLeftAlone)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Index");
    IndexTransaction t(database->Get(), database->GetDialect(), AccessMode::ReadWrite);
    CountResources(t, MakePeriod("20240101", "20240131"));
    EXPECT_EQ(t.transaction.QueryValue<std::string>("SELECT current_setting('plan_cache_mode')"), "auto");
  }

  TEST(FindPlanTests, PlansThatAreGoodForAllValues)
  {
    FindFilter filter = MakePeriod("20231231", "20240101");
    EXPECT_TRUE(IsPlanReusable(filter));
    filter.metadata.push_back({1, true, true, ConstraintType::Equal, {"x"}});
    EXPECT_TRUE(IsPlanReusable(filter));
    filter.metadata[0].type = ConstraintType::Wildcard;
    EXPECT_FALSE(IsPlanReusable(filter));

    EXPECT_TRUE(IsPlanReusable(MakePeriod("20230101", "20241231")));
    EXPECT_FALSE(IsPlanReusable(MakePeriod("20230101", "20250101"))) << "too long";
    EXPECT_FALSE(IsPlanReusable(MakePeriod("A", "B"))) << "no dates";
    EXPECT_FALSE(IsPlanReusable(MakePeriod("20230101", "2023010A"))) << "no date";

    filter = MakePeriod("20240101", "20240131");
    std::swap(filter.tags[1], filter.tags[2]);
    EXPECT_TRUE(IsPlanReusable(filter)) << "in any order";
    filter.tags.push_back(
        MakeConstraint(ResourceLevel::Patient, PATIENT_NAME, ConstraintType::Wildcard, {"A*"}));
    EXPECT_FALSE(IsPlanReusable(filter)) << "the beginning of a name";
    filter.tags.resize(2);
    EXPECT_FALSE(IsPlanReusable(filter)) << "only the end of a period";
    filter.tags.resize(1);
    EXPECT_FALSE(IsPlanReusable(filter)) << "no period";

    filter = MakePeriod("20240101", "20240131");
    filter.tags[1].tag = {0x0008, 0x0021};
    EXPECT_FALSE(IsPlanReusable(filter)) << "of two tags";
    filter = MakePeriod("20240101", "20240131");
    filter.tags[1].isIdentifier = filter.tags[2].isIdentifier = false;
    EXPECT_FALSE(IsPlanReusable(filter)) << "without an index";
    filter = MakePeriod("20240101", "20240131");
    filter.level = ResourceLevel::Patient;
    EXPECT_FALSE(IsPlanReusable(filter)) << "of what is below";
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

    request.limits = FindLimits{100, 500};
    const std::string large = GetPlan(*database, request);
    EXPECT_EQ(large.find("Seq Scan"), std::string::npos) << large;

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

  // Which is joined with all resources: by a hash, that knows no order
  TEST(FindPlanTests, ALargePageOfPostgreSQLIsInOrder)
  {
    const auto database = TestDatabase::Create(Engine::PostgreSQL);
    database->Migrate("Index");
    AddStudies(database->Get());
    FindRequest request;
    request.filter.level = ResourceLevel::Study;
    request.limits = FindLimits{500, 2000};
    EXPECT_NE(GetPlan(*database, request).find("Hash Join"), std::string::npos);
    IndexTransaction t(database->Get(), database->GetDialect(), AccessMode::ReadOnly);
    const std::vector<FoundItem> found = FindResources(t, request);
    EXPECT_EQ(2000u, found.size());
    EXPECT_TRUE(std::ranges::is_sorted(found, {}, &FoundItem::publicId));
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
