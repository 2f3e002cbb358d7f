// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Index/IndexTest.h"

#include <ostream>

namespace OrthancRegistry
{
  bool operator==(const Statistics& a, const Statistics& b)
  {
    return a.patients == b.patients && a.studies == b.studies && a.series == b.series &&
           a.instances == b.instances && a.compressedSize == b.compressedSize &&
           a.uncompressedSize == b.uncompressedSize;
  }

  void PrintTo(const Statistics& statistics, std::ostream* stream)
  {
    *stream << statistics.patients << " patients, " << statistics.studies << " studies, " << statistics.series
            << " series, " << statistics.instances << " instances, " << statistics.compressedSize << " and "
            << statistics.uncompressedSize << " bytes";
  }
}

namespace OrthancRegistry::Testing
{
  int64_t GetSessionId(IndexTransaction& t)
  {
    return t.transaction.QueryValue<int64_t>("SELECT CAST(pg_backend_pid() AS BIGINT)");
  }

  void PostgreSQLIndexTest::WaitUntilBlocked(int64_t pid)
  {
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          IndexTransaction t = Read();
          return t.transaction.QueryValue<bool>(
              "SELECT cardinality(pg_blocking_pids(CAST($1 AS INTEGER))) > 0", pid);
        }))
        << "The session should wait for another one";
  }

  void RunThreads(unsigned int count, const std::function<void(unsigned int)>& action)
  {
    std::vector<std::jthread> threads;
    for (unsigned int i = 0; i < count; i++)
    {
      threads.emplace_back(
          [&action, i]
          {
            try
            {
              action(i);
            }
            catch (const std::exception& e)
            {
              ADD_FAILURE() << "Thread " << i << ": " << e.what();
            }
          });
    }
  }

  Attachment MakeAttachment(const std::string& uuid, int contentType, uint64_t compressedSize,
                            uint64_t uncompressedSize)
  {
    Attachment attachment;
    attachment.uuid = uuid;
    attachment.contentType = contentType;
    attachment.compressedSize = compressedSize;
    attachment.uncompressedSize = uncompressedSize;
    attachment.compressionType = 1;
    attachment.compressedHash = "compressed-" + uuid;
    attachment.uncompressedHash = "uncompressed-" + uuid;
    return attachment;
  }

  Statistics Recount(IndexTransaction& t)
  {
    const auto rows = t.transaction.Query<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t>(
        "SELECT (SELECT COUNT(*) FROM Resources WHERE resourceType = 0), "
        "(SELECT COUNT(*) FROM Resources WHERE resourceType = 1), "
        "(SELECT COUNT(*) FROM Resources WHERE resourceType = 2), "
        "(SELECT COUNT(*) FROM Resources WHERE resourceType = 3), "
        "(SELECT CAST(COALESCE(SUM(compressedSize), 0) AS BIGINT) FROM AttachedFiles), "
        "(SELECT CAST(COALESCE(SUM(uncompressedSize), 0) AS BIGINT) FROM AttachedFiles)");
    const auto& [patients, studies, series, instances, compressed, uncompressed] = rows.at(0);
    return Statistics{patients, studies, series, instances, compressed, uncompressed};
  }

  int64_t CountChildless(IndexTransaction& t)
  {
    return t.transaction.QueryValue<int64_t>(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM Resources r WHERE r.resourceType < 3 AND NOT EXISTS "
        "(SELECT 1 FROM Resources c WHERE c.parentId = r.internalId)");
  }

  int64_t CountOrphans(IndexTransaction& t)
  {
    return t.transaction.QueryValue<int64_t>(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT parentId AS id FROM Resources WHERE parentId IS NOT "
        "NULL "
        "UNION ALL SELECT id FROM MainDicomTags UNION ALL SELECT id FROM DicomIdentifiers "
        "UNION ALL SELECT id FROM Metadata UNION ALL SELECT id FROM AttachedFiles "
        "UNION ALL SELECT id FROM Labels UNION ALL SELECT internalId FROM Changes) AS used "
        "WHERE NOT EXISTS (SELECT 1 FROM Resources r WHERE r.internalId = used.id)");
  }
}
