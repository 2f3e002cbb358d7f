// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"
#include "SQLite/SQLiteFindDialect.h"

namespace OrthancRegistry
{
  // SQLite's own SQL; a writing transaction is alone, so that nothing needs a lock here.
  class SQLiteIndexDialect : public IIndexDialect
  {
  public:
    CreatedInstance CreateInstance(Transaction& transaction, const std::string& patient,
                                   const std::string& study, const std::string& series,
                                   const std::string& instance) const override;
    DeletedResources DeleteResource(Transaction& transaction, int64_t id) const override;
    void HoldResource(Transaction& transaction, int64_t id) const override;
    void InsertContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                       const std::vector<ResourceMetadata>& metadata) const override;
    void MergeContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                      const std::vector<ResourceMetadata>& metadata) const override;
    void PrepareChange(Transaction& transaction) const override;
    void AskVisibleChangesLimit(Transaction& transaction, int64_t& limit) const override;
    void PrepareExport(Transaction& transaction) const override;
    bool IsHiddenMetadata(int type) const override;
    void TouchPatient(Transaction& transaction, int64_t patient) const override;
    std::optional<int64_t> SelectPatientToRecycle(Transaction& transaction, int64_t avoid) const override;
    bool FoldStatistics(Transaction& transaction) const override;
    std::string_view GetKeyValuesQuery() const override;
    std::string_view GetServerPropertiesQuery() const override;
    AuditLogsSql GetAuditLogsSql() const override;

    const IFindDialect& GetFindDialect() const override
    {
      return findDialect_;
    }

  private:
    SQLiteFindDialect findDialect_;
  };
}
