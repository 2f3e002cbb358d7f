// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/BackgroundTask.h"

#include "Framework/Common/Utf8.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours NEVER{1};
    constexpr std::chrono::seconds PATIENCE{10};
  }

  TEST(BackgroundTask, RunNowWaitsForAWholeTurn)
  {
    std::atomic<int> turns = 0;
    BackgroundTask task("A test",
                        [&]
                        {
                          turns++;
                          return std::chrono::milliseconds(NEVER);
                        });
    EXPECT_FALSE(task.RunNow(PATIENCE));
    task.Start();
    for (int i = 0; i < 100; i++)
    {
      const int before = turns;
      ASSERT_TRUE(task.RunNow(PATIENCE));
      EXPECT_GT(turns, before);
    }
    task.Stop();
    EXPECT_FALSE(task.RunNow(PATIENCE));
  }

  TEST(BackgroundTask, RunNowGivesUp)
  {
    std::atomic<bool> blocked = true;
    BackgroundTask task("A test",
                        [&]
                        {
                          blocked.wait(true);
                          return std::chrono::milliseconds(NEVER);
                        });
    task.Start();
    EXPECT_FALSE(task.RunNow(std::chrono::milliseconds(10)));
    blocked = false;
    blocked.notify_all();
  }

  TEST(BackgroundTask, GoesOnAfterAFailure)
  {
    std::atomic<int> turns = 0;
    BackgroundTask task("A failing test",
                        [&]() -> std::chrono::milliseconds
                        {
                          if (++turns == 1)
                          {
                            throw std::runtime_error("Once");
                          }
                          return NEVER;
                        });
    task.Start();
    EXPECT_TRUE(task.RunNow(PATIENCE));
    EXPECT_TRUE(task.RunNow(PATIENCE));
    EXPECT_GE(turns, 2);
  }

  TEST(BackgroundTask, StartAndStopStress)
  {
    std::atomic<int> turns = 0;
    BackgroundTask task("A test",
                        [&]
                        {
                          turns++;
                          return std::chrono::milliseconds(0);
                        });
    for (int i = 0; i < 200; i++)
    {
      task.Start();
      task.Wake();
      task.Stop();
    }
    const int after = turns;
    EXPECT_EQ(after, turns);
  }

  TEST(StorableText, KeepsWhatItCan)
  {
    EXPECT_EQ("", ToStorableText(""));
    EXPECT_EQ("a é € 😀", ToStorableText("a é € 😀"));
    EXPECT_EQ("a?b", ToStorableText(std::string_view("a\0b", 3)));
    EXPECT_EQ("é??", ToStorableText("é\xe2\x82"));
    EXPECT_EQ("??x", ToStorableText("\xc0\x80x"));
  }
}
