// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Jobs/FlowRoom.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Chooses the next waiting jobs that the limits of the flow let run.
  //
  // Exact: the rows of the limits that matter are locked until the end of the transaction, and what runs is
  // counted after that. A limit that another replica has locked right now is left alone instead of waited
  // for, so that a replica that hangs in its claim holds up nobody. Never reads through waiting jobs that may
  // not run: it looks at the first ones of each kind only.
  class LimitedChoice
  {
  public:
    explicit LimitedChoice(std::vector<FlowLimit> limits);

    struct Answer
    {
      std::vector<std::string> ids; // in the order of the claim
      bool isContended = false;     // another replica is claiming: look again soon
    };

    // To be done once: the rows to be locked
    void CreateRows(Transaction& transaction) const;

    Answer Choose(Transaction& transaction, size_t count) const;

  private:
    struct Head
    {
      int64_t rank = 0;
      int64_t sequence = 0;
      std::string id;
      JobKind kind;
    };

    static std::vector<JobKind> ListKinds(Transaction& transaction, FlowRoom& room);
    std::set<std::string> GetLimitNames(const std::vector<JobKind>& kinds) const;
    std::vector<std::string> Lock(Transaction& transaction, const std::vector<std::string>& names,
                                  const std::vector<JobKind>& kinds, size_t count, FlowRoom& room,
                                  std::vector<Head>& heads) const;

    std::vector<FlowLimit> limits_;
  };
}
