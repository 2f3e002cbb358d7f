// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/StatisticsQueries.h"

namespace OrthancRegistry::StatisticsQueries
{
  namespace
  {
    constexpr int COMPRESSED_SIZE = 0;
    constexpr int UNCOMPRESSED_SIZE = 1;
    constexpr int FIRST_COUNT = 2; // plus the level

    // Total and pending differences in one statement: Fold() moves them under the eyes of the readers.
    int64_t GetOne(IndexTransaction& t, int key)
    {
      return t.transaction.QueryValue<int64_t>("SELECT CAST(COALESCE(SUM(s.value), 0) AS BIGINT) FROM "
                                               "(SELECT value FROM GlobalIntegers WHERE key = $1 UNION ALL "
                                               "SELECT value FROM GlobalIntegersChanges WHERE key = $1) s",
                                               key);
    }
  }

  Statistics GetAll(IndexTransaction& t)
  {
    Statistics statistics;
    t.transaction.QueryEach<int, int64_t>(
        "SELECT s.key, CAST(COALESCE(SUM(s.value), 0) AS BIGINT) FROM "
        "(SELECT key, value FROM GlobalIntegers WHERE key <= 5 UNION ALL "
        "SELECT key, value FROM GlobalIntegersChanges WHERE key <= 5) s GROUP BY s.key",
        [&statistics](int key, int64_t value)
        {
          switch (key)
          {
          case COMPRESSED_SIZE:
            statistics.compressedSize = value;
            break;
          case UNCOMPRESSED_SIZE:
            statistics.uncompressedSize = value;
            break;
          case FIRST_COUNT + static_cast<int>(ResourceLevel::Patient):
            statistics.patients = value;
            break;
          case FIRST_COUNT + static_cast<int>(ResourceLevel::Study):
            statistics.studies = value;
            break;
          case FIRST_COUNT + static_cast<int>(ResourceLevel::Series):
            statistics.series = value;
            break;
          case FIRST_COUNT + static_cast<int>(ResourceLevel::Instance):
            statistics.instances = value;
            break;
          default:
            break;
          }
        });
    return statistics;
  }

  int64_t GetResourcesCount(IndexTransaction& t, ResourceLevel level)
  {
    return GetOne(t, FIRST_COUNT + static_cast<int>(level));
  }

  int64_t GetTotalCompressedSize(IndexTransaction& t)
  {
    return GetOne(t, COMPRESSED_SIZE);
  }

  int64_t GetTotalUncompressedSize(IndexTransaction& t)
  {
    return GetOne(t, UNCOMPRESSED_SIZE);
  }

  bool IsDiskSizeAbove(IndexTransaction& t, uint64_t threshold)
  {
    return std::cmp_greater_equal(GetTotalCompressedSize(t), threshold);
  }

  bool Fold(IndexTransaction& t)
  {
    return t.dialect.FoldStatistics(t.transaction);
  }
}
