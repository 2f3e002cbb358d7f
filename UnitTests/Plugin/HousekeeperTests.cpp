// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/Housekeeper.h"

#include "UnitTests/Waiting.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace OrthancRegistry
{
  namespace
  {
    constexpr auto LONG_TIME = std::chrono::hours(1);

    TEST(Housekeeper, RunsAtOnceAndAfterEachPause)
    {
      std::atomic<int> runs = 0;
      Housekeeper housekeeper(
          std::chrono::seconds(0),
          [&]
          {
            runs++;
            runs.notify_all();
          },
          std::chrono::seconds(0));
      EXPECT_EQ(runs, 0);
      housekeeper.Start();
      for (int seen = 0; seen < 3; seen = runs)
      {
        runs.wait(seen);
      }
      housekeeper.Stop();
      const int stopped = runs;
      housekeeper.Start();
      runs.wait(stopped);
      housekeeper.Stop();
    }

    TEST(Housekeeper, RunsWhenThereIsSomethingToDo)
    {
      std::atomic<int> runs = 0;
      Housekeeper housekeeper(std::chrono::seconds(0),
                              [&]
                              {
                                runs++;
                                runs.notify_all();
                              });
      housekeeper.Start();
      runs.wait(0);
      EXPECT_FALSE(Testing::WaitUntil(
          [&]
          {
            return runs > 1;
          },
          std::chrono::milliseconds(100)));
      housekeeper.Notice();
      runs.wait(1);
      housekeeper.Stop();
      EXPECT_EQ(runs, 2);
    }

    TEST(Housekeeper, RunsAfterALongTimeAllTheSame)
    {
      std::atomic<int> runs = 0;
      Housekeeper housekeeper(
          std::chrono::seconds(0),
          [&]
          {
            runs++;
            runs.notify_all();
          },
          std::chrono::milliseconds(50));
      housekeeper.Start();
      for (int seen = 0; seen < 3; seen = runs)
      {
        runs.wait(seen);
      }
    }

    TEST(Housekeeper, StopsInTheMiddleOfAPause)
    {
      for (int turn = 0; turn < 200; turn++)
      {
        Housekeeper housekeeper(LONG_TIME, [] {});
        housekeeper.Start();
        housekeeper.Start();
        housekeeper.Stop();
        housekeeper.Stop();
      }
    }

    TEST(Housekeeper, SurvivesATaskThatThrows)
    {
      std::atomic<int> runs = 0;
      Housekeeper housekeeper(std::chrono::seconds(0),
                              [&]
                              {
                                runs++;
                                runs.notify_all();
                                throw std::runtime_error("expected by the test");
                              });
      housekeeper.Start();
      for (int seen = 0; seen < 3; seen = runs)
      {
        runs.wait(seen);
      }
    }
  }
}
