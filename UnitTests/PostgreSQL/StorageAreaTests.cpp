// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/StorageArea.h"

#include "Framework/Common/Uuid.h"
#include "UnitTests/TestDatabases.h"

#include <fstream>
#include <thread>

namespace OrthancRegistry
{
  namespace
  {
    constexpr int DICOM = 1;
    constexpr size_t MIB = 1024 * 1024;

    // Bytes that tell where in the file they are
    std::string MakeContent(size_t size)
    {
      std::string content(size, '\0');
      for (size_t i = 0; i < size; i++)
      {
        content[i] = static_cast<char>((i * 31 + i / 4096) & 0xff);
      }
      return content;
    }

    size_t GetResidentBytes()
    {
      size_t total = 0;
      size_t resident = 0;
      std::ifstream("/proc/self/statm") >> total >> resident;
      return resident * 4096;
    }

    ErrorCode GetErrorCode(const std::function<void()>& action)
    {
      try
      {
        action();
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
      return ErrorCode::Success;
    }

    class StorageAreaTest : public testing::Test
    {
    protected:
      void SetUp() override
      {
        database_ = Testing::TestDatabase::Create(Engine::PostgreSQL);
        database_->Migrate("Storage");
        area_ = std::make_unique<StorageArea>(database_->Get(), RetryPolicy());
      }

      std::string ReadWhole(const std::string& uuid, int type = DICOM)
      {
        std::string content;
        area_->ReadWhole(uuid, type,
                         [&](uint64_t size)
                         {
                           content.resize(size);
                           return content.data();
                         });
        return content;
      }

      std::string ReadRange(const std::string& uuid, uint64_t start, size_t size)
      {
        std::string content(size, '\0');
        area_->ReadRange(uuid, DICOM, start, content);
        return content;
      }

      int64_t Count(const std::string& sql)
      {
        return RunTransaction(database_->Get(), AccessMode::ReadOnly,
                              [&](Transaction& transaction)
                              {
                                return transaction.QueryValue<int64_t>(sql);
                              });
      }

      std::unique_ptr<Testing::TestDatabase> database_;
      std::unique_ptr<StorageArea> area_;
    };

    TEST_F(StorageAreaTest, KeepsWholeFilesOfAnySize)
    {
      for (const size_t size :
           {size_t(0), size_t(1), MIB - 1, MIB, MIB + 1, 4 * MIB, 4 * MIB + 1, 9 * MIB + 17})
      {
        const std::string uuid = GenerateUuid();
        const std::string content = MakeContent(size);
        area_->Create(uuid, DICOM, content);
        ASSERT_TRUE(ReadWhole(uuid) == content) << size;
      }
    }

    TEST_F(StorageAreaTest, ReadsRanges)
    {
      const std::string uuid = GenerateUuid();
      const std::string content = MakeContent(6 * MIB + 5);
      area_->Create(uuid, DICOM, content);
      EXPECT_EQ(ReadRange(uuid, 0, 1), content.substr(0, 1));
      EXPECT_EQ(ReadRange(uuid, content.size() - 1, 1), content.substr(content.size() - 1));
      EXPECT_TRUE(ReadRange(uuid, 0, content.size()) == content);
      EXPECT_TRUE(ReadRange(uuid, MIB - 3, 4 * MIB) == content.substr(MIB - 3, 4 * MIB));
      EXPECT_TRUE(ReadRange(uuid, 1, content.size() - 1) == content.substr(1));
    }

    TEST_F(StorageAreaTest, RefusesRangesBeyondTheEnd)
    {
      const std::string uuid = GenerateUuid();
      area_->Create(uuid, DICOM, "0123456789");
      const auto read = [&](uint64_t start, size_t size)
      {
        return GetErrorCode(
            [&]
            {
              ReadRange(uuid, start, size);
            });
      };
      EXPECT_EQ(read(0, 10), ErrorCode::Success);
      EXPECT_EQ(read(0, 11), ErrorCode::BadRange);
      EXPECT_EQ(read(9, 2), ErrorCode::BadRange);
      EXPECT_EQ(read(10, 1), ErrorCode::BadRange);
      EXPECT_EQ(read(1000000, 8 * MIB), ErrorCode::BadRange);
      EXPECT_EQ(read(0, 8 * MIB), ErrorCode::BadRange);
      EXPECT_EQ(read(0, 0), ErrorCode::Success);
      EXPECT_EQ(read(9, 0), ErrorCode::Success);
      EXPECT_EQ(read(10, 0), ErrorCode::BadRange);
    }

    TEST_F(StorageAreaTest, KnowsFilesByUuidAndType)
    {
      const std::string uuid = GenerateUuid();
      area_->Create(uuid, DICOM, "content");
      const auto read = [&](const std::string& asked, int type)
      {
        return GetErrorCode(
            [&]
            {
              ReadWhole(asked, type);
            });
      };
      EXPECT_EQ(read(uuid, DICOM), ErrorCode::Success);
      EXPECT_EQ(read(uuid, DICOM + 1), ErrorCode::UnknownResource);
      EXPECT_EQ(read(GenerateUuid(), DICOM), ErrorCode::UnknownResource);
      EXPECT_EQ(GetErrorCode(
                    [&]
                    {
                      ReadRange(GenerateUuid(), 0, 1);
                    }),
                ErrorCode::UnknownResource);
      area_->Remove(uuid, DICOM + 1);
      EXPECT_EQ(ReadWhole(uuid), "content");
    }

    TEST_F(StorageAreaTest, RemovesTheLargeObjectWithItsRow)
    {
      const std::string uuid = GenerateUuid();
      area_->Create(uuid, DICOM, MakeContent(3 * MIB));
      const std::string object = std::to_string(Count("SELECT CAST(content AS BIGINT) FROM StorageArea"));
      const std::string count = "SELECT COUNT(*) FROM pg_largeobject_metadata WHERE oid = " + object;
      EXPECT_EQ(Count(count), 1);
      area_->Remove(uuid, DICOM);
      EXPECT_EQ(Count(count), 0);
      EXPECT_EQ(Count("SELECT COUNT(*) FROM StorageArea"), 0);
      area_->Remove(uuid, DICOM);
    }

    TEST_F(StorageAreaTest, RefusesAUuidThatExists)
    {
      const std::string uuid = GenerateUuid();
      area_->Create(uuid, DICOM, "first");
      EXPECT_THROW(area_->Create(uuid, DICOM, "second"), ConstraintError);
      EXPECT_EQ(ReadWhole(uuid), "first");
    }

    TEST_F(StorageAreaTest, ServesSeveralThreadsAtOnce)
    {
      constexpr int THREADS = 8;
      constexpr int FILES = 20;
      std::atomic<int> wrong = 0;
      std::vector<std::jthread> threads;
      for (int i = 0; i < THREADS; i++)
      {
        threads.emplace_back(
            [&, i]
            {
              for (int file = 0; file < FILES; file++)
              {
                const std::string uuid = GenerateUuid();
                const std::string content = MakeContent(static_cast<size_t>((i + 1) * (file + 1)) * 9973);
                area_->Create(uuid, DICOM, content);
                wrong += ReadWhole(uuid) == content ? 0 : 1;
                area_->Remove(uuid, DICOM);
              }
            });
      }
      threads.clear();
      EXPECT_EQ(wrong, 0);
      EXPECT_EQ(Count("SELECT COUNT(*) FROM StorageArea"), 0);
    }

    TEST_F(StorageAreaTest, OneOfTwoRemoversAtOnceFindsNothing)
    {
      for (int turn = 0; turn < 20; turn++)
      {
        const std::string uuid = GenerateUuid();
        area_->Create(uuid, DICOM, "content");
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; i++)
        {
          threads.emplace_back(
              [&]
              {
                EXPECT_NO_THROW(area_->Remove(uuid, DICOM));
              });
        }
      }
      EXPECT_EQ(Count("SELECT COUNT(*) FROM StorageArea"), 0);
    }

    TEST_F(StorageAreaTest, MovesAGigabyteWithoutASecondCopy)
    {
      constexpr size_t SIZE = 1024 * MIB;
      constexpr size_t ALLOWED = SIZE * 3 / 10;
      const std::string uuid = GenerateUuid();
      std::string content(SIZE, 'x');
      content[SIZE - 1] = 'y';

      const size_t before = GetResidentBytes();
      area_->Create(uuid, DICOM, content);
      EXPECT_LT(GetResidentBytes(), before + ALLOWED);

      std::fill(content.begin(), content.end(), '\0');
      area_->ReadWhole(uuid, DICOM,
                       [&](uint64_t size)
                       {
                         EXPECT_EQ(size, SIZE);
                         return content.data();
                       });
      EXPECT_LT(GetResidentBytes(), before + ALLOWED);
      EXPECT_EQ(content.find_first_not_of('x'), SIZE - 1);
      EXPECT_EQ(content.back(), 'y');
      area_->Remove(uuid, DICOM);
    }
  }
}
