// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/IMessageBus.h"
#include "SQLite/SQLiteDatabase.h"

#include <memory>

namespace OrthancRegistry
{
  // A table of messages in the same file, and a thread that watches the file for commits of any process
  // ("PRAGMA data_version", which reads shared memory only).
  class SQLiteMessageBus : public IMessageBus
  {
  public:
    // The schema (component "Messages") must have been migrated before Start() and Publish().
    explicit SQLiteMessageBus(SQLiteDatabase& database);
    ~SQLiteMessageBus() override;

    void Publish(Transaction& transaction, std::string_view message) override;
    void SetHandler(Handler handler) override;
    void Start() override;
    void Stop() override;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
  };
}
