// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Directory/DirectoryFixture.h"

namespace OrthancRegistry::Testing
{
  // What is saved through one replica
  class DirectoryEdgeTest : public DirectoryTest
  {
  protected:
    // The next transactions of clients fail before they are committed.
    template <typename Error>
    static void FailNextSave(DirectoryReplica& replica, int count)
    {
      replica.GetCore().BeforeCommit(
          [count]() mutable
          {
            if (MaterializingScope::Find(MODALITIES) == nullptr &&
                MaterializingScope::Find(PEERS) == nullptr && count-- > 0)
            {
              throw Error("By order of the test");
            }
          });
    }

    // Answers the code with which action() fails.
    template <typename Action>
    static ErrorCode GetError(Action action)
    {
      try
      {
        action();
        return ErrorCode::Success;
      }
      catch (const RegistryError& error)
      {
        return error.GetCode();
      }
    }
  };
  CONFORMANCE_SUITE(DirectoryEdgeTest);

  TEST_P(DirectoryEdgeTest, OnlyTheListsOfThisServerAreOwned)
  {
    configuration_.arePeersShared = false;
    const SecretBox secrets(configuration_);
    const DirectoryStore store(secrets, *bus_);
    DirectoryMirrors mirrors;
    const DirectoryEdge edge(configuration_, "a", store, mirrors, {}, {});
    EXPECT_TRUE(edge.Owns("a", 20));
    EXPECT_FALSE(edge.Owns("a", 21));
    EXPECT_FALSE(edge.Owns("b", 20));
    EXPECT_FALSE(edge.Owns("a", 5));
  }

  TEST_P(DirectoryEdgeTest, ChangesOfDifferentEntriesAreAllKept)
  {
    auto& a = AddReplica("a", false);
    auto& b = AddReplica("b", false);
    a.GetCore().Put(MODALITIES, "one", MakeModality("ONE")); // without synchronization: both are stale
    b.GetCore().Put(MODALITIES, "two", MakeModality("TWO"));
    a.GetCore().Put(MODALITIES, "three", MakeModality("THREE"));
    b.GetCore().Delete(MODALITIES, "two");
    EXPECT_EQ(MakeModality("ONE"), b.Get("one"));
    EXPECT_EQ(MakeModality("THREE"), b.Get("three"));
    EXPECT_TRUE(a.Get("two").isNull());
    EXPECT_EQ(a.GetCore().GetAll(MODALITIES), b.GetCore().GetAll(MODALITIES));
    EXPECT_EQ(4, CountHistory());
  }

  TEST_P(DirectoryEdgeTest, OfTwoChangesOfOneEntryTheLaterWins)
  {
    auto& a = AddReplica("a", false);
    auto& b = AddReplica("b", false);
    a.GetCore().Put(MODALITIES, "x", MakeModality("A"));
    b.GetCore().Put(MODALITIES, "x", MakeModality("B"));
    EXPECT_EQ(2, GetRow("x").revision);
    EXPECT_EQ(MakeModality("B"), a.Get("x"));
    EXPECT_EQ(MakeModality("B"), b.Get("x"));
  }

  TEST_P(DirectoryEdgeTest, TheRevisionNeverGoesBack)
  {
    auto& a = AddReplica("a");
    a.Put("x", MakeModality("A"));
    a.Delete("x");
    EXPECT_EQ(2, GetRow("x").revision);
    EXPECT_FALSE(GetRow("x").value);
    a.Put("x", MakeModality("A"));
    EXPECT_EQ(3, GetRow("x").revision);
    a.Put("x", MakeModality("A")); // changes nothing
    EXPECT_EQ(3, GetRow("x").revision);
    EXPECT_EQ(3, CountHistory());
    EXPECT_EQ(3, a.GetMirrorOf(MODALITIES).GetRevision("x"));
  }

  TEST_P(DirectoryEdgeTest, ASaveThatIsTriedAgainIsWrittenOnce)
  {
    auto& a = AddReplica("a");
    FailNextSave<RetryableError>(a, 2);
    a.Put("x", MakeModality("A"));
    EXPECT_EQ(1, GetRow("x").revision);
    EXPECT_EQ(MakeModality("A"), a.Get("x"));
    EXPECT_EQ(1, CountHistory());
  }

  TEST_P(DirectoryEdgeTest, AFailedSaveIsUndoneAndNeverWritten)
  {
    auto& a = AddReplica("a");
    a.Put("x", MakeModality("OLD"));
    a.Put("y", MakeModality("Y"));
    FailNextSave<StatementError>(a, 1);
    EXPECT_EQ(ErrorCode::Database, GetError(
                                       [&]
                                       {
                                         a.Put("x", MakeModality("NEW"));
                                       }));
    a.GetCore().Put(MODALITIES, "y", MakeModality("Z")); // at once, and with the stray in the list
    EXPECT_EQ(MakeModality("OLD"), a.Get("x"));
    EXPECT_EQ(MakeModality("Z"), a.Get("y"));
    EXPECT_EQ(1, GetRow("x").revision);
    EXPECT_EQ(2, GetRow("y").revision);
  }

  TEST_P(DirectoryEdgeTest, AFailedDeletionIsUndone)
  {
    auto& a = AddReplica("a");
    a.Put("x", MakePeer("http://x/", "secret"), PEERS);
    FailNextSave<StatementError>(a, 1);
    EXPECT_EQ(ErrorCode::Database, GetError(
                                       [&]
                                       {
                                         a.Delete("x", PEERS);
                                       }));
    EXPECT_EQ(MakePeer("http://x/", "secret"), a.Get("x", PEERS));
  }

  TEST_P(DirectoryEdgeTest, TheSameChangeAfterAFailureIsWritten)
  {
    auto& a = AddReplica("a", false);
    a.Put("x", MakeModality("OLD"));
    a.GetDatabase().SetFrozen(true); // nothing is restored in between
    a.GetSync().Wake();
    FailNextSave<StatementError>(a, 1);
    EXPECT_THROW(a.GetCore().Put(MODALITIES, "x", MakeModality("NEW")), RegistryError);
    a.GetCore().Put(MODALITIES, "x", MakeModality("NEW"));
    EXPECT_EQ(2, GetRow("x").revision);
    a.GetDatabase().SetFrozen(false);
    EXPECT_EQ(MakeModality("NEW"), a.Get("x"));
  }

  TEST_P(DirectoryEdgeTest, ASaveThatNobodyHasSeenIsUndone)
  {
    auto& a = AddReplica("a");
    for (const bool isEmpty : {true, false})
    {
      a.GetCore().FailStarts(1);
      EXPECT_THROW(a.GetCore().Put(MODALITIES, "x", MakeModality("LOST")), RegistryError);
      EXPECT_TRUE(a.Get("x").isNull()) << isEmpty;
      EXPECT_EQ(0, GetRow("x").revision);
      a.Put("y", MakeModality("Y"));
    }
    EXPECT_EQ(1, CountHistory());
  }

  TEST_P(DirectoryEdgeTest, BeforeTheMemoryHasBeenLookedAtNothingIsGuessed)
  {
    auto& a = AddReplica("a", false);
    a.Put("y", MakeModality("Y"));
    a.GetDatabase().SetFrozen(true);
    a.GetSync().Wake();
    a.GetCore().FailStarts(1);
    EXPECT_THROW(a.GetCore().Put(MODALITIES, "x", MakeModality("LOST")), RegistryError);
    EXPECT_EQ(ErrorCode::DatabaseUnavailable, GetError(
                                                  [&]
                                                  {
                                                    a.GetCore().Put(MODALITIES, "y", MakeModality("Z"));
                                                  }));
    a.GetDatabase().SetFrozen(false);
    EXPECT_TRUE(a.Get("x").isNull());
    EXPECT_EQ(MakeModality("Y"), a.Get("y"));
    a.Put("y", MakeModality("Z"));
    EXPECT_EQ(MakeModality("Z"), a.Get("y"));
    EXPECT_EQ(0, GetRow("x").revision);
  }

  TEST_P(DirectoryEdgeTest, AFrozenDirectoryIsNotChanged)
  {
    WriteRow("x", MakeModality("A"));
    configuration_.isFrozen = true;
    auto& a = AddReplica("a");
    for (const auto& name : {"x", "new"})
    {
      EXPECT_EQ(ErrorCode::ForbiddenAccess, GetError(
                                                [&]
                                                {
                                                  a.Put(name, MakeModality("B"));
                                                }));
    }
    EXPECT_EQ(ErrorCode::ForbiddenAccess, GetError(
                                              [&]
                                              {
                                                a.Delete("x");
                                              }));
    EXPECT_EQ(MakeModality("A"), a.Get("x"));
    EXPECT_TRUE(a.Get("new").isNull());
    WriteRow("x", MakeModality("C")); // by a replica that may
    EXPECT_EQ(MakeModality("C"), a.Get("x"));
  }

  TEST_P(DirectoryEdgeTest, PasswordsAreShared)
  {
    auto& a = AddReplica("a");
    auto& b = AddReplica("b");
    a.Put("p", MakePeer("https://host/", "first"), PEERS);
    EXPECT_EQ(MakePeer("https://host/", "first"), b.Get("p", PEERS));
    b.Put("p", MakePeer("https://host/", "second"), PEERS); // nothing but the password
    EXPECT_EQ(MakePeer("https://host/", "second"), a.Get("p", PEERS));
    EXPECT_EQ(2, GetRow("p", PEERS).revision);
    Transaction transaction(GetDatabase(), AccessMode::ReadOnly);
    EXPECT_EQ(0, transaction.QueryValue<int64_t>("SELECT COUNT(*) FROM SharedDirectoryHistory WHERE newValue "
                                                 "LIKE '%second%' OR oldValue LIKE '%first%'"));
  }

  TEST_P(DirectoryEdgeTest, WhoInsistsOnARevisionLosesTheRace)
  {
    auto& a = AddReplica("a", false);
    auto& b = AddReplica("b", false);
    a.Put("x", MakeModality("A"));
    b.Put("x", MakeModality("B"));
    DirectoryExpectation first;
    first.mustExist = true;
    first.revisions = std::vector<int64_t>{1};
    const auto insist = [&](const Json::Value& value, const DirectoryExpectation& expectation)
    {
      return GetError(
          [&]
          {
            const ExpectingScope scope(MODALITIES, "x", expectation);
            a.GetCore().Put(MODALITIES, "x", value);
          });
    };
    EXPECT_EQ(ErrorCode::Revision, insist(MakeModality("C"), first));
    EXPECT_EQ(MakeModality("B"), a.Get("x"));
    b.GetCore().Put(MODALITIES, "x", MakeModality("A"));
    EXPECT_EQ(ErrorCode::Revision, insist(MakeModality("B"), first)); // what its core has already
    EXPECT_EQ(MakeModality("A"), a.Get("x"));
    DirectoryExpectation third = first;
    third.revisions = std::vector<int64_t>{7, 3};
    EXPECT_EQ(ErrorCode::Success, insist(MakeModality("D"), third));
    DirectoryExpectation none;
    none.mustNotExist = true;
    EXPECT_EQ(ErrorCode::Revision, insist(MakeModality("E"), none));
    EXPECT_EQ(MakeModality("D"), b.Get("x"));
    b.Delete("x");
    EXPECT_EQ(ErrorCode::Revision, insist(MakeModality("D"), third));
    EXPECT_EQ(ErrorCode::Success, insist(MakeModality("E"), none));
    EXPECT_EQ(6, GetRow("x").revision);
    EXPECT_EQ(6, a.GetMirrorOf(MODALITIES).GetNewestRevision("x"));
  }
}
