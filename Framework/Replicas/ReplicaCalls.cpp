// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Replicas/ReplicaCalls.h"

#include "Framework/Common/Logging.h"
#include "Framework/Database/DatabaseErrors.h"

#include <algorithm>
#include <exception>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::chrono::hours UNTIL_WOKEN{1};
    constexpr size_t MAXIMUM_WAITERS = 16; // threads of HTTP that wait for other replicas

    CoreReply Refuse(int status, ErrorCode code, const std::string& error)
    {
      return {status, static_cast<int>(code), error, "", ""};
    }
  }

  // Somebody who waits for answers, known to OnMessage() as long as it lives
  class ReplicaCalls::Waiter
  {
  public:
    explicit Waiter(ReplicaCalls& calls) : calls_(calls)
    {
      const std::lock_guard lock(calls_.mutex_);
      if (calls_.isStopped_)
      {
        throw RegistryError(ErrorCode::DatabaseUnavailable, "This replica is stopping: try again later");
      }
      if (calls_.waiters_.size() >= MAXIMUM_WAITERS)
      {
        throw RegistryError(ErrorCode::DatabaseUnavailable,
                            "Too many requests wait for other replicas: try again later");
      }
      calls_.waiters_.insert(this);
    }

    ~Waiter()
    {
      const std::lock_guard lock(calls_.mutex_);
      calls_.waiters_.erase(this);
    }

    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Until an answer has been announced, or that time is over
    void Wait(std::chrono::steady_clock::time_point until)
    {
      std::unique_lock lock(calls_.mutex_);
      calls_.changed_.wait_until(lock, until,
                                 [this]
                                 {
                                   return isAnnounced_ || calls_.isStopped_;
                                 });
      isAnnounced_ = false;
      if (calls_.isStopped_)
      {
        throw RegistryError(ErrorCode::DatabaseUnavailable, "This replica is stopping: try again later");
      }
    }

    // Under the mutex of the calls
    void Announce()
    {
      isAnnounced_ = true;
    }

  private:
    ReplicaCalls& calls_;
    bool isAnnounced_ = false;
  };

  ReplicaCalls::ReplicaCalls(const ReplicaIdentity& identity, IDatabase& database, IMessageBus& bus,
                             ICoreCaller& core, Rule isAllowed, const ReplicaCallsOptions& options)
      : identity_(identity), options_(options), isAllowed_(std::move(isAllowed)), bus_(bus), core_(core),
        store_(identity, database, bus), server_("The service for other replicas",
                                                 [this]
                                                 {
                                                   return Serve(options_.targetInterval);
                                                 }),
        secondServer_("The second service for other replicas",
                      [this]
                      {
                        return Serve(UNTIL_WOKEN);
                      })
  {
    bus_.SetHandler(
        [this](std::string_view message)
        {
          OnMessage(message);
        });
    bus_.Start();
  }

  ReplicaCalls::~ReplicaCalls()
  {
    Stop();
    bus_.Stop();
  }

  void ReplicaCalls::Start()
  {
    server_.Start();
    secondServer_.Start();
  }

  void ReplicaCalls::Stop()
  {
    {
      const std::lock_guard lock(mutex_);
      isStopped_ = true;
    }
    changed_.notify_all();
    server_.Stop();
    secondServer_.Stop();
  }

  void ReplicaCalls::Wake()
  {
    server_.Wake();
    secondServer_.Wake();
  }

  bool ReplicaCalls::IsStopped()
  {
    const std::lock_guard lock(mutex_);
    return isStopped_;
  }

  void ReplicaCalls::OnMessage(std::string_view message)
  {
    const bool isLoss = message.empty();
    if (isLoss || message == std::string(MESSAGE_CALL) + identity_.incarnation)
    {
      Wake();
    }
    if (isLoss || message == std::string(MESSAGE_CALLED) + identity_.incarnation)
    {
      const std::lock_guard lock(mutex_);
      for (Waiter* const waiter : waiters_)
      {
        waiter->Announce();
      }
      changed_.notify_all();
    }
  }

  void ReplicaCalls::CheckAllowed(const CoreRequest& request) const
  {
    if (!isAllowed_(request))
    {
      throw RegistryError(ErrorCode::ForbiddenAccess, "Replicas do not call " + request.uri);
    }
    if (request.body.size() > MAXIMUM_BODY_SIZE)
    {
      throw RegistryError(ErrorCode::ParameterOutOfRange,
                          "The body of a call to other replicas is longer than 1 MiB");
    }
  }

  CoreReply ReplicaCalls::CallOwn(const CoreRequest& request)
  {
    CheckAllowed(request);
    return core_.Call(request);
  }

  std::vector<ReplicaAnswer> ReplicaCalls::CallOthers(const CoreRequest& request, const IsEnough& isEnough)
  {
    CheckAllowed(request);
    Waiter waiter(*this); // before the calls are sent, so that no announcement is missed
    const std::vector<SentCall> calls = store_.Send(request, options_.patience);
    std::vector<ReplicaAnswer> answers;
    try
    {
      answers = WaitForAnswers(waiter, calls, isEnough);
    }
    catch (...)
    {
      Forget(calls);
      throw;
    }
    Forget(calls);
    return answers;
  }

  std::vector<ReplicaAnswer> ReplicaCalls::WaitForAnswers(Waiter& waiter, const std::vector<SentCall>& calls,
                                                          const IsEnough& isEnough)
  {
    // Counted from after the calls have been written: when it comes, their time in the database is over.
    const auto deadline = std::chrono::steady_clock::now() + options_.patience;
    std::map<std::string, CallState> states;
    bool isOver = calls.empty();
    while (!isOver)
    {
      const auto now = std::chrono::steady_clock::now();
      isOver = now >= deadline;
      if (!isOver)
      {
        waiter.Wait(std::min(deadline, now + options_.callerInterval));
      }
      isOver = Collect(calls, states, isEnough) || isOver;
    }
    std::vector<ReplicaAnswer> answers;
    for (const SentCall& call : calls)
    {
      CallState& state = states[call.id];
      answers.push_back({call.target, state.hasBegun, std::move(state.reply)});
    }
    return answers;
  }

  // Reads what has not been answered up to now. True if nothing more is to be waited for.
  bool ReplicaCalls::Collect(const std::vector<SentCall>& calls, std::map<std::string, CallState>& states,
                             const IsEnough& isEnough)
  {
    std::vector<std::string> pending;
    for (const SentCall& call : calls)
    {
      if (!states[call.id].reply)
      {
        pending.push_back(call.id);
      }
    }
    size_t answered = 0;
    bool isDone = false;
    for (CallState& state : store_.Read(pending))
    {
      if (state.reply)
      {
        answered++;
        isDone = isDone || (isEnough && isEnough(*state.reply));
      }
      CallState& known = states[state.id];
      known = std::move(state);
    }
    return isDone || answered == pending.size();
  }

  // If this fails, others remove them later.
  void ReplicaCalls::Forget(const std::vector<SentCall>& calls)
  {
    if (calls.empty())
    {
      return;
    }
    std::vector<std::string> ids;
    for (const SentCall& call : calls)
    {
      ids.push_back(call.id);
    }
    try
    {
      store_.Remove(ids);
    }
    catch (const DatabaseError& error)
    {
      LogInfo(std::string("Calls to other replicas cannot be removed: ") + error.what());
    }
  }

  std::chrono::milliseconds ReplicaCalls::Serve(std::chrono::milliseconds interval)
  {
    bool isMore = store_.IsAnyWaiting();
    while (isMore && !IsStopped())
    {
      const auto asked = std::chrono::steady_clock::now();
      const auto call = store_.Claim();
      isMore = call.has_value();
      if (call)
      {
        CarryOut(*call, asked + call->timeLeft);
      }
    }
    return interval;
  }

  void ReplicaCalls::CarryOut(const ClaimedCall& call, std::chrono::steady_clock::time_point deadline)
  {
    if (std::chrono::steady_clock::now() >= deadline)
    {
      LogInfo("The time of a call of another replica has passed: " + call.request.uri);
      return;
    }
    CoreReply reply = MakeReply(call.request);
    if (reply.body.size() > MAXIMUM_ANSWER_SIZE)
    {
      reply = Refuse(500, ErrorCode::NotEnoughMemory, "The answer is longer than 16 MiB");
    }
    store_.Answer(call, reply);
  }

  CoreReply ReplicaCalls::MakeReply(const CoreRequest& request)
  {
    if (!isAllowed_(request))
    {
      LogWarning("Another replica asks for what is not allowed, which is refused: " + request.uri);
      return Refuse(403, ErrorCode::ForbiddenAccess, "This replica does not allow " + request.uri);
    }
    try
    {
      return core_.Call(request);
    }
    catch (const std::exception& error)
    {
      LogError("A call of another replica has failed: " + std::string(error.what()));
      return Refuse(500, ErrorCode::InternalError, "The call has failed at that replica: see its log");
    }
  }
}
