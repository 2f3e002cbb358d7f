// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/FindFixture.h"

#include "Framework/Index/Find/FilterCompiler.h"

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
      CompileFilter(sql, database->GetDialect(), filter);
      CompileOrdering(sql, database->GetDialect(), {});
      std::string step;
      Transaction transaction(database->Get(), AccessMode::ReadOnly);
      transaction.QueryRows("EXPLAIN QUERY PLAN " + sql.BuildSelect("COUNT(*)"), sql.GetParameters(),
                            [&step](const IRow& row)
                            {
                              step = step.empty() ? row.GetText(3) : step;
                            });
      return step;
    }
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
