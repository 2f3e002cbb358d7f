// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

// Counts and sizes, exact at any moment, including the uncommitted work of the asking transaction. No writer
// waits for another one: writers append differences (GlobalIntegersChanges), Fold() adds them up from time to
// time.
namespace OrthancRegistry::StatisticsQueries
{
  Statistics GetAll(IndexTransaction& t);                              // UPDATE_AND_GET_STATISTICS
  int64_t GetResourcesCount(IndexTransaction& t, ResourceLevel level); // GET_RESOURCES_COUNT
  int64_t GetTotalCompressedSize(IndexTransaction& t);                 // GET_TOTAL_COMPRESSED_SIZE
  int64_t GetTotalUncompressedSize(IndexTransaction& t);               // GET_TOTAL_UNCOMPRESSED_SIZE
  bool IsDiskSizeAbove(IndexTransaction& t, uint64_t threshold);       // IS_DISK_SIZE_ABOVE: at or above

  // Moves a bounded number of pending differences into the totals; answers whether some may be left.
  // Housekeeping.
  bool Fold(IndexTransaction& t);
}
