// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Jobs/JobControlStore.h"
#include "Framework/Jobs/JobWaiters.h"
#include "Framework/Jobs/JobsConfiguration.h"

#include <vector>

namespace OrthancRegistry
{
  // The revisions that a client insists on (If-Match); none = it does not care.
  using ExpectedRevisions = std::optional<std::vector<int64_t>>;

  // What has become of an action
  struct ActionAnswer
  {
    enum class Kind
    {
      Done,
      Refused, // not in this state, or no such job at the core; "details" may say why
      Unknown, // no such job
      WrongRevision,
      NotAnswered, // by the owner, in time: "details" says what that means
      Failed       // at the core of the owner, with "code"
    };

    Kind kind = Kind::Done;
    ErrorCode code = ErrorCode::Success;
    std::string details;
    std::string replica; // the server identifier of the owner, of NotAnswered and Failed
  };

  // Cancel, pause, resume, resubmit and delete, of any job at any replica. Reads the row, decides by the
  // table of transitions, writes if the row is still the same, or else begins again. What a core has is asked
  // of its replica, whose answer is waited for. Thread-safe.
  class JobControl
  {
  public:
    // "waiters" learn what messages tell, and must outlive this object.
    JobControl(const JobsConfiguration& configuration, IDatabase& database, IMessageBus& bus,
               JobWaiters& waiters);

    ActionAnswer Apply(const std::string& id, JobAction action, const ExpectedRevisions& expected);

    // Done, Unknown (there is no job of that id that has ended), WrongRevision or NotAnswered
    ActionAnswer Delete(const std::string& id, const ExpectedRevisions& expected);

  private:
    struct Attempt;

    std::optional<ActionAnswer> Try(Attempt& attempt, const ControlledJob& job);
    std::optional<ActionAnswer> Decide(Attempt& attempt, const ControlledJob& job);
    std::optional<ActionAnswer> AskOwner(Attempt& attempt, const ControlledJob& job);
    bool ChangeRow(const ControlledJob& job, JobAction action);

    const std::chrono::milliseconds patience_;
    JobWaiters& waiters_;
    JobControlStore store_;
  };
}
