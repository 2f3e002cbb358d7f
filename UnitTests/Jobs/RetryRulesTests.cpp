// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/RetryRules.h"

#include "Framework/Common/Errors.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int64_t SECOND = 1000000;

    FailedRun MakeRun(const std::string& type, const std::string& destination, int retries = 0)
    {
      return {type, destination, static_cast<int>(ErrorCode::NetworkProtocol), retries};
    }
  }

  TEST(RetryRules, FirstRuleThatMatchesDecides)
  {
    const std::vector<RetryRule> rules = {{{"Store", "PACS"}, 2}, {{"Store", ""}, 5}, {{"", "PEER"}, 3}};
    EXPECT_EQ(&rules[0], FindRetryRule(rules, MakeRun("Store", "PACS")));
    EXPECT_EQ(&rules[1], FindRetryRule(rules, MakeRun("Store", "PEER")));
    EXPECT_EQ(&rules[2], FindRetryRule(rules, MakeRun("Other", "PEER")));
    EXPECT_EQ(nullptr, FindRetryRule(rules, MakeRun("Other", "")));
    EXPECT_EQ(nullptr, FindRetryRule({}, MakeRun("Store", "PACS")));

    // It has no attempts left: the next rule does not take over
    EXPECT_EQ(nullptr, FindRetryRule(rules, MakeRun("Store", "PACS", 1)));
    EXPECT_EQ(&rules[1], FindRetryRule(rules, MakeRun("Store", "", 3)));
    EXPECT_EQ(nullptr, FindRetryRule(rules, MakeRun("Store", "", 4)));
  }

  TEST(RetryRules, CancelledJobsAreNotRunAgain)
  {
    const std::vector<RetryRule> rules(1);
    FailedRun run = MakeRun("Store", "PACS");
    EXPECT_NE(nullptr, FindRetryRule(rules, run));
    run.errorCode = static_cast<int>(ErrorCode::CanceledJob);
    EXPECT_EQ(nullptr, FindRetryRule(rules, run));
  }

  TEST(RetryRules, DelayGrowsUpToItsMaximum)
  {
    RetryRule rule{{}, 100, 60, 2, 3600, 0};
    EXPECT_EQ(60 * SECOND, GetRetryDelay(rule, 0, 1));
    EXPECT_EQ(120 * SECOND, GetRetryDelay(rule, 1, 1));
    EXPECT_EQ(1920 * SECOND, GetRetryDelay(rule, 5, 1));
    EXPECT_EQ(3600 * SECOND, GetRetryDelay(rule, 6, 1));
    EXPECT_EQ(3600 * SECOND, GetRetryDelay(rule, 1000000, 1));
    rule.factor = 1;
    EXPECT_EQ(60 * SECOND, GetRetryDelay(rule, 99, 1));
    rule.delaySeconds = 7200;
    EXPECT_EQ(3600 * SECOND, GetRetryDelay(rule, 0, 1));
  }

  TEST(RetryRules, JitterIsAdded)
  {
    const RetryRule rule{{}, 3, 100, 2, 200, 10};
    EXPECT_EQ(100 * SECOND, GetRetryDelay(rule, 0, 0));
    EXPECT_EQ(105 * SECOND, GetRetryDelay(rule, 0, 0.5));
    EXPECT_EQ(110 * SECOND, GetRetryDelay(rule, 0, 1));
    EXPECT_EQ(220 * SECOND, GetRetryDelay(rule, 9, 1));
  }
}
