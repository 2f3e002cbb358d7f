// SPDX-License-Identifier: GPL-3.0-or-later
#include "UnitTests/Replicas/CallingReplica.h"

#include <future>
#include <thread>

namespace OrthancRegistry::Testing
{
  namespace
  {
    const CoreRequest REQUEST{CoreMethod::Put, "/tools/log-level", "verbose"};
    constexpr const char* COUNT_ROWS = "SELECT COUNT(*) FROM SharedReplicaCalls";
  }

  CONFORMANCE_SUITE(ReplicaCallsTest);

  TEST_P(ReplicaCallsTest, AllOthersAnswer)
  {
    CallingReplica& a = AddReplica("a");
    CallingReplica& c = AddReplica("c");
    CallingReplica& b = AddReplica("b");
    const std::string bytes("\0\xff{}", 4);
    b.GetCore().Answer(
        [&](const CoreRequest&)
        {
          return CoreReply{200, 0, "", "application/json", bytes};
        });
    const auto answers = a.Get().CallOthers(REQUEST);
    ASSERT_EQ(2u, answers.size());
    EXPECT_EQ("b", answers[0].replica.serverIdentifier);
    EXPECT_EQ("Name of b", answers[0].replica.name);
    EXPECT_EQ(b.GetIdentity().incarnation, answers[0].replica.incarnation);
    EXPECT_EQ(200, answers[0].reply->status);
    EXPECT_EQ("application/json", answers[0].reply->contentType);
    EXPECT_EQ(bytes, answers[0].reply->body);
    EXPECT_EQ("c", answers[1].replica.serverIdentifier);
    EXPECT_EQ("done", answers[1].reply->body);
    EXPECT_TRUE(answers[1].hasBegun);
    EXPECT_TRUE(a.GetCore().GetRequests().empty());
    ASSERT_EQ(1u, c.GetCore().GetRequests().size());
    EXPECT_EQ(CoreMethod::Put, c.GetCore().GetRequests()[0].method);
    EXPECT_EQ("/tools/log-level", c.GetCore().GetRequests()[0].uri);
    EXPECT_EQ("verbose", c.GetCore().GetRequests()[0].body);
    EXPECT_EQ(0, QueryValue<int>(COUNT_ROWS)); // nothing stays behind
  }

  TEST_P(ReplicaCallsTest, AloneAndInOwnCore)
  {
    CallingReplica& a = AddReplica("a");
    EXPECT_TRUE(a.Get().CallOthers(REQUEST).empty());
    EXPECT_EQ("done", a.Get().CallOwn(REQUEST).body);
    EXPECT_THROW(a.Get().CallOwn({CoreMethod::Get, "/forbidden", ""}), RegistryError);
    EXPECT_EQ(1u, a.GetCore().GetRequests().size());
  }

  TEST_P(ReplicaCallsTest, RefusalAndFailureAreAnswers)
  {
    CallingReplica& a = AddReplica("a");
    AddReplica("b").GetCore().Refuse(ErrorCode::BadRequest, 400);
    AddReplica("c").GetCore().Answer(
        [](const CoreRequest&) -> CoreReply
        {
          throw std::runtime_error("broken");
        });
    const auto answers = a.Get().CallOthers(REQUEST);
    ASSERT_EQ(2u, answers.size());
    EXPECT_EQ(400, answers[0].reply->status);
    EXPECT_EQ(static_cast<int>(ErrorCode::BadRequest), answers[0].reply->errorCode);
    EXPECT_EQ("Refused", answers[0].reply->error);
    EXPECT_EQ(500, answers[1].reply->status);
    EXPECT_EQ(std::string::npos, answers[1].reply->error.find("broken"));
  }

  TEST_P(ReplicaCallsTest, SilentReplicaIsReportedAndNeverCarriesItOut)
  {
    options_.patience = std::chrono::milliseconds(500);
    CallingReplica& a = AddReplica("a");
    CallingReplica& silent = AddReplica("b", false);
    AddReplica("c");
    const auto answers = a.Get().CallOthers(REQUEST);
    ASSERT_EQ(2u, answers.size());
    EXPECT_FALSE(answers[0].reply);
    EXPECT_FALSE(answers[0].hasBegun);
    EXPECT_TRUE(answers[1].reply);

    silent.Get().Start();
    const CoreRequest later{CoreMethod::Get, "/later", ""};
    EXPECT_TRUE(a.Get().CallOthers(later)[0].reply);
    ASSERT_EQ(1u, silent.GetCore().GetRequests().size());
    EXPECT_EQ("/later", silent.GetCore().GetRequests()[0].uri);
  }

  TEST_P(ReplicaCallsTest, BegunWithoutAnswerIsToldApart)
  {
    options_.patience = std::chrono::milliseconds(500);
    CallingReplica& a = AddReplica("a");
    std::promise<void> release;
    AddReplica("b").GetCore().Answer(
        [&release](const CoreRequest&)
        {
          release.get_future().wait();
          return CoreReply{200, 0, "", "", ""};
        });
    const auto answers = a.Get().CallOthers(REQUEST);
    release.set_value();
    ASSERT_EQ(1u, answers.size());
    EXPECT_FALSE(answers[0].reply);
    EXPECT_TRUE(answers[0].hasBegun);
  }

  TEST_P(ReplicaCallsTest, OnlyThoseThatAreAliveAndStay)
  {
    CallingReplica& a = AddReplica("a");
    AddReplica("b", false).GetRegistry().SetDraining();
    CallingReplica& dead = AddReplica("c", false);
    CallingReplica& rescued = AddReplica("d", false);
    Execute(
        "UPDATE SharedReplicas SET heartbeatAt = heartbeatAt - 2 * leaseMicroseconds WHERE incarnation = $1",
        dead.GetIdentity().incarnation);
    Execute("UPDATE SharedReplicas SET rescuedAt = heartbeatAt WHERE incarnation = $1",
            rescued.GetIdentity().incarnation);
    EXPECT_TRUE(a.Get().CallOthers(REQUEST).empty());

    CallingReplica& before = AddReplica("e", false);
    Execute("UPDATE SharedReplicas SET startedAt = startedAt - 1000000 WHERE incarnation = $1",
            before.GetIdentity().incarnation);
    CallingReplica& again = AddReplica("e");
    const auto answers = a.Get().CallOthers(REQUEST);
    ASSERT_EQ(1u, answers.size());
    EXPECT_EQ(again.GetIdentity().incarnation, answers[0].replica.incarnation);
  }

  TEST_P(ReplicaCallsTest, LostMessagesOnlyCostTime)
  {
    options_.targetInterval = std::chrono::milliseconds(100);
    CallingReplica& a = AddReplica("a");
    CallingReplica& b = AddReplica("b");
    a.GetBus().SetSilent();
    b.GetBus().SetSilent();
    const auto answers = a.Get().CallOthers(REQUEST);
    ASSERT_EQ(1u, answers.size());
    ASSERT_TRUE(answers[0].reply);
    EXPECT_EQ("done", answers[0].reply->body);
  }

  TEST_P(ReplicaCallsTest, TheHeartbeatTellsOfLostMessages)
  {
    CallingReplica& a = AddReplica("a");
    CallingReplica& b = AddReplica("b", false);
    a.GetBus().SetSilent();
    b.GetBus().SetSilent();
    const std::string_view questions[] = {ReplicaCallStore::GetWaitingQuestion()};
    const auto isAnyWaiting = [&](CallingReplica& replica)
    {
      return replica.GetRegistry().Beat(0, questions).answers.at(0) == 1;
    };
    const auto call = [&]
    {
      return std::async(std::launch::async,
                        [&]
                        {
                          return a.Get().CallOthers(REQUEST).at(0).reply.has_value();
                        });
    };
    EXPECT_FALSE(isAnyWaiting(b));
    auto first = call();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return isAnyWaiting(b);
        }));
    EXPECT_FALSE(isAnyWaiting(a));
    b.Get().Start();
    EXPECT_TRUE(first.get());
    EXPECT_FALSE(isAnyWaiting(b));

    auto second = call();
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          if (isAnyWaiting(b))
          {
            b.Get().Wake();
          }
          return second.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        }));
    EXPECT_TRUE(second.get());
  }

  TEST_P(ReplicaCallsTest, MessagesAloneAreEnough)
  {
    options_.callerInterval = std::chrono::hours(1); // and the target does not look within an hour either
    CallingReplica& a = AddReplica("a");
    AddReplica("b");
    AddReplica("c");
    for (int i = 0; i < 5; i++)
    {
      for (const ReplicaAnswer& answer : a.Get().CallOthers(REQUEST))
      {
        EXPECT_TRUE(answer.reply);
      }
    }
  }

  TEST_P(ReplicaCallsTest, EnoughIsEnough)
  {
    CallingReplica& a = AddReplica("a");
    AddReplica("b", false); // would be waited for
    AddReplica("c");
    const auto answers = a.Get().CallOthers(REQUEST,
                                            [](const CoreReply& reply)
                                            {
                                              return reply.body == "done";
                                            });
    ASSERT_EQ(2u, answers.size());
    EXPECT_FALSE(answers[0].reply);
    EXPECT_TRUE(answers[1].reply);
  }

  TEST_P(ReplicaCallsTest, SlowCallDoesNotHoldUpAnother)
  {
    CallingReplica& a = AddReplica("a");
    CallingReplica& b = AddReplica("b");
    std::promise<void> release;
    b.GetCore().Answer(
        [gate = release.get_future().share()](const CoreRequest& request)
        {
          if (request.uri == "/slow")
          {
            gate.wait();
          }
          return CoreReply{200, 0, "", "", request.uri};
        });
    auto slow = std::async(std::launch::async,
                           [&]
                           {
                             return a.Get().CallOthers({CoreMethod::Get, "/slow", ""});
                           });
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return b.GetCore().GetRequests().size() == 1;
        }));
    EXPECT_EQ("/quick", a.Get().CallOthers({CoreMethod::Get, "/quick", ""}).at(0).reply.value().body);
    release.set_value();
    EXPECT_EQ("/slow", slow.get().at(0).reply.value().body);
  }

  TEST_P(ReplicaCallsTest, BothEndsLookWhatIsAllowed)
  {
    CallingReplica& a = AddReplica("a");
    CallingReplica& b = AddReplica("b");
    const CoreRequest forbidden{CoreMethod::Get, "/forbidden", ""};
    EXPECT_THROW(a.Get().CallOthers(forbidden), RegistryError);
    EXPECT_EQ(0, QueryValue<int>(COUNT_ROWS));

    const auto sent =
        a.GetStore().Send(forbidden, std::chrono::seconds(20)); // a row that somebody has written
    ASSERT_EQ(1u, sent.size());
    std::vector<CallState> states;
    ASSERT_TRUE(WaitUntil(
        [&]
        {
          states = a.GetStore().Read({sent[0].id});
          return states.at(0).reply.has_value();
        }));
    EXPECT_EQ(403, states[0].reply->status);
    EXPECT_TRUE(b.GetCore().GetRequests().empty());
  }

  TEST_P(ReplicaCallsTest, Sizes)
  {
    CallingReplica& a = AddReplica("a");
    AddReplica("b").GetCore().Answer(
        [](const CoreRequest& request)
        {
          return CoreReply{200, 0, "", "", std::string(std::stoul(request.body), 'x')};
        });
    EXPECT_EQ(ReplicaCalls::MAXIMUM_ANSWER_SIZE,
              a.Get()
                  .CallOthers({CoreMethod::Get, "/x", std::to_string(ReplicaCalls::MAXIMUM_ANSWER_SIZE)})
                  .at(0)
                  .reply.value()
                  .body.size());
    const auto tooLong =
        a.Get().CallOthers({CoreMethod::Get, "/x", std::to_string(ReplicaCalls::MAXIMUM_ANSWER_SIZE + 1)});
    EXPECT_EQ(500, tooLong.at(0).reply.value().status);
    EXPECT_NE(std::string::npos, tooLong[0].reply->error.find("16 MiB"));
    EXPECT_THROW(
        a.Get().CallOthers({CoreMethod::Put, "/x", std::string(ReplicaCalls::MAXIMUM_BODY_SIZE + 1, ' ')}),
        RegistryError);
  }

  TEST_P(ReplicaCallsTest, StopSendsThoseWhoWaitAway)
  {
    CallingReplica& a = AddReplica("a");
    AddReplica("b", false);
    auto waiting = std::async(std::launch::async,
                              [&]
                              {
                                return a.Get().CallOthers(REQUEST);
                              });
    EXPECT_TRUE(WaitUntil(
        [&]
        {
          return QueryValue<int>(COUNT_ROWS) == 1;
        }));
    a.Get().Stop();
    EXPECT_THROW(waiting.get(), RegistryError);
    EXPECT_THROW(a.Get().CallOthers(REQUEST), RegistryError);
    EXPECT_EQ(0, QueryValue<int>(COUNT_ROWS));
  }

  TEST_P(ReplicaCallsTest, NoMoreThanSixteenWait)
  {
    options_.patience = std::chrono::milliseconds(1000);
    CallingReplica& a = AddReplica("a");
    AddReplica("b", false);
    std::atomic<int> refused = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 20; i++)
      {
        threads.emplace_back(
            [&]
            {
              try
              {
                a.Get().CallOthers(REQUEST);
              }
              catch (const RegistryError& error)
              {
                EXPECT_EQ(ErrorCode::DatabaseUnavailable, error.GetCode());
                refused++;
              }
            });
      }
    }
    EXPECT_GE(4, refused);
    EXPECT_LE(1, refused);
  }

  class ReplicaCallStoreTest : public ReplicaCallsTest
  {
  };

  CONFORMANCE_SUITE(ReplicaCallStoreTest);

  TEST_P(ReplicaCallStoreTest, EachCallIsClaimedOnce)
  {
    CallingReplica& a = AddReplica("a", false);
    CallingReplica& b = AddReplica("b", false);
    for (int i = 0; i < 40; i++)
    {
      a.GetStore().Send(REQUEST, std::chrono::hours(1));
    }
    std::mutex mutex;
    std::multiset<std::string> claimed;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; i++)
      {
        threads.emplace_back(
            [&]
            {
              while (const auto call = b.GetStore().Claim())
              {
                const std::lock_guard lock(mutex);
                claimed.insert(call->id);
              }
            });
      }
    }
    EXPECT_EQ(40u, claimed.size());
    EXPECT_EQ(40u, std::set<std::string>(claimed.begin(), claimed.end()).size());
    EXPECT_FALSE(a.GetStore().Claim()); // those are not for this one
  }

  TEST_P(ReplicaCallStoreTest, WhoseTimeIsOverIsNotClaimed)
  {
    CallingReplica& a = AddReplica("a", false);
    CallingReplica& b = AddReplica("b", false);
    a.GetStore().Send(REQUEST, std::chrono::milliseconds(0));
    EXPECT_FALSE(b.GetStore().IsAnyWaiting());
    EXPECT_FALSE(b.GetStore().Claim());
    a.GetStore().Send(REQUEST, std::chrono::hours(1));
    EXPECT_TRUE(b.GetStore().IsAnyWaiting());
    const auto call = b.GetStore().Claim();
    ASSERT_TRUE(call);
    EXPECT_LT(std::chrono::minutes(59), call->timeLeft);
    EXPECT_EQ(a.GetIdentity().incarnation, call->caller);
    EXPECT_TRUE(b.GetStore().Answer(*call, {200, 0, "not \xff text", "", ""}));
    EXPECT_EQ("not ? text", a.GetStore().Read({call->id}).at(0).reply.value().error);
    a.GetStore().Remove({call->id});
    EXPECT_FALSE(b.GetStore().Answer(*call, {200, 0, "", "", ""}));
  }

  TEST_P(ReplicaCallStoreTest, OldOnesAreRemovedByTheNext)
  {
    CallingReplica& a = AddReplica("a", false);
    AddReplica("b", false);
    a.GetStore().Send(REQUEST, std::chrono::milliseconds(0));
    a.GetStore().Send(REQUEST, std::chrono::milliseconds(0));
    EXPECT_EQ(2, QueryValue<int>(COUNT_ROWS));
    Execute("UPDATE SharedReplicaCalls SET expiresAt = expiresAt - 61000000");
    a.GetStore().Send(REQUEST, std::chrono::milliseconds(0));
    EXPECT_EQ(1, QueryValue<int>(COUNT_ROWS));
  }
}
