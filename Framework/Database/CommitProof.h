// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"

#include <string_view>

namespace OrthancRegistry
{
  // A session whose server may not be able to tell, after it was lost during COMMIT, whether that was done.
  class IProvableSession
  {
  public:
    virtual ~IProvableSession() = default;

    // How to find out about the current transaction then: a query with one parameter, whose row can only have
    // been written by it. Of several, the last one counts.
    virtual void SetProof(std::string_view sql, std::string_view parameter) = 0;
  };

  // No effect where the outcome is always known.
  inline void SetCommitProof(Transaction& transaction, std::string_view sql, std::string_view parameter)
  {
    if (auto* const session = dynamic_cast<IProvableSession*>(&transaction.GetSession()))
    {
      session->SetProof(sql, parameter);
    }
  }
}
