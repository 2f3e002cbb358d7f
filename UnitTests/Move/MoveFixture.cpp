// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Move/MoveFixture.h"

#include "Resources/Tools/Move/PostgreSQLTarget.h"
#include "Resources/Tools/Move/SQLiteTarget.h"

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr size_t BATCH_BYTES = 1000000;
  }

  void TestReport::OnBegin(bool continued)
  {
    isContinued = continued;
  }

  void TestReport::OnBatch(std::string_view /*step*/, int64_t rows, int64_t done, int64_t total)
  {
    EXPECT_GE(rows, 0);
    EXPECT_LE(done, total);
    batches++;
    if (onBatch)
    {
      onBatch();
    }
  }

  void TestReport::OnCopied()
  {
    if (onCopied)
    {
      onCopied();
    }
  }

  void TestReport::OnCompleted()
  {
    if (onCompleted)
    {
      onCompleted();
    }
  }

  void TestReport::OnCompared(const Move::Comparison& comparison)
  {
    comparisons.push_back(comparison);
  }

  std::vector<std::string> TestReport::GetDifferent() const
  {
    std::vector<std::string> names;
    for (const Move::Comparison& comparison : comparisons)
    {
      if (!comparison.IsEqual())
      {
        names.push_back(comparison.name);
      }
    }
    return names;
  }

  void MoveTest::SetUp()
  {
    EngineTest::SetUp();
    if (GetParam() == Engine::PostgreSQL)
    {
      target_ = std::make_unique<Move::PostgreSQLTarget>(GetDatabase());
    }
    else
    {
      target_ = std::make_unique<Move::SQLiteTarget>(GetDatabase());
    }
  }

  bool MoveTest::RunMove(const SourceFile& source, size_t batchRows, const std::string& server)
  {
    const Move::SourceIndex index(source.GetFolder());
    return Move::Mover(index, *target_, server, {batchRows, BATCH_BYTES}, report_).Run();
  }

  std::string MoveTest::GetRefusal(const SourceFile& source, const std::string& server)
  {
    try
    {
      RunMove(source, 1000, server);
    }
    catch (const RegistryError& error)
    {
      return error.what();
    }
    return "";
  }
}
