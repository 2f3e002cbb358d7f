// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"
#include "PostgreSQL/PostgreSQLCreation.h"
#include "PostgreSQL/PostgreSQLFindDialect.h"

namespace OrthancRegistry
{
  // The functions of PostgreSQL/Migrations/Index, and PostgreSQL's own SQL.
  class PostgreSQLIndexDialect : public IIndexDialect
  {
  public:
    CreatedInstance CreateInstance(Transaction& transaction, const std::string& patient,
                                   const std::string& study, const std::string& series,
                                   const std::string& instance) const override;

    const ILateCreation* GetLateCreation() const override
    {
      return &creation_;
    }

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
    PostgreSQLCreation creation_;
    PostgreSQLFindDialect findDialect_;
  };
}
