// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Database/Transaction.h"
#include "Framework/Index/HeldResources.h"
#include "Framework/Index/IndexTypes.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace OrthancRegistry
{
  class IFindDialect;
  class KnownSeries;

  struct CreatedInstance
  {
    bool isNewInstance = false;
    int64_t instanceId = 0;

    // The rest only if the instance is new
    bool isNewPatient = false;
    bool isNewStudy = false;
    bool isNewSeries = false;
    int64_t patientId = 0;
    int64_t studyId = 0;
    int64_t seriesId = 0;
    bool isChangePrepared = false; // as by IIndexDialect::PrepareChange()
  };

  // How an engine creates an instance without waiting for the answer, where answers come over a network.
  // Stateless, thread-safe.
  class ILateCreation
  {
  public:
    virtual ~ILateCreation() = default;

    // As IIndexDialect::CreateInstance(). Reserves so many internal ids for instances to come, in ascending
    // order and higher than any that has been given so far; whoever does not use them leaves gaps.
    virtual CreatedInstance CreateInstance(Transaction& transaction, const InstancePath& path, size_t count,
                                           std::vector<int64_t>& reserved) const = 0;

    // Creates a new instance in a series that is there, all as "expected", with a reserved id. If it turns
    // out that anything is otherwise, the transaction fails with a RetryableError.
    virtual void CreateInstanceLater(Transaction& transaction, const CreatedInstance& expected,
                                     const std::string& instance) const = 0;
  };

  struct DeletedResources
  {
    std::vector<Attachment> attachments;
    std::vector<ResourceReference> resources;
    std::optional<ResourceReference>
        remainingAncestor; // the closest survivor above the topmost deleted resource
  };

  struct ResourceTag
  {
    int64_t resourceId = 0;
    bool isIdentifier = false;
    TagValue tag;
  };

  struct ResourceMetadata
  {
    int64_t resourceId = 0;
    int type = 0;
    std::string value;
  };

  // How audit logs are read in the order of their moments. The stock schema gives them no key: those of the
  // same moment are told apart by where the engine keeps them.
  struct AuditLogsSql
  {
    // Moment, row and the columns of the audit logs that come after row $2 of moment $1, and before moment
    // $3, up to the end of the WHERE clause. Moments are microseconds since 1970, rows are text.
    std::string_view select;
    std::string_view order;
    std::string_view noRow; // comes before all rows
  };

  // What the two engines must do differently in the index, one implementation per engine: functions that have
  // to be one round trip on PostgreSQL, bulk insertions, and texts that only one engine understands.
  // Stateless, thread-safe.
  class IIndexDialect
  {
  public:
    virtual ~IIndexDialect() = default;

    // Contract: operation CREATE_INSTANCE, safe against concurrent creation and deletion of relatives.
    virtual CreatedInstance CreateInstance(Transaction& transaction, const std::string& patient,
                                           const std::string& study, const std::string& series,
                                           const std::string& instance) const = 0;

    // Null where there is nothing to be gained
    virtual const ILateCreation* GetLateCreation() const
    {
      return nullptr;
    }

    // Contract: operation DELETE_RESOURCE, for an existing resource (UnknownResource otherwise).
    virtual DeletedResources DeleteResource(Transaction& transaction, int64_t id) const = 0;

    // Keeps others from deleting a resource before the transaction ends, without waiting for the answer. If
    // there is none, the transaction fails with a ConstraintError. Done by nothing where writers exclude each
    // other and foreign keys are checked.
    virtual void HoldResource(Transaction& transaction, int64_t id) const = 0;

    // The content of resources that have none, which this transaction has made. Of the same tag twice, the
    // first value counts, of metadata the last one, with revision 0.
    virtual void InsertContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                               const std::vector<ResourceMetadata>& metadata) const = 0;

    // The same for any held resources: tags that are there stay, metadata are replaced.
    virtual void MergeContent(Transaction& transaction, const std::vector<ResourceTag>& tags,
                              const std::vector<ResourceMetadata>& metadata) const = 0;

    // To be called before a transaction logs its first change, see AskVisibleChangesLimit().
    virtual void PrepareChange(Transaction& transaction) const = 0;

    // Asks for the highest sequence number up to which no change can become visible any more that is not
    // visible now: the last one given, unless somebody is writing. Deleted changes count. The changes have to
    // be read by a later statement than this one; both may travel together, see Transaction::QueryLater().
    virtual void AskVisibleChangesLimit(Transaction& transaction, int64_t& limit) const = 0;

    // To be called before a transaction logs an export: whoever sees a number sees all that are lower.
    virtual void PrepareExport(Transaction& transaction) const = 0;

    // Metadata that clients do not see: those with which an engine keeps its own books, where the stock
    // database of that engine has none.
    virtual bool IsHiddenMetadata(int type) const = 0;

    // Moves a patient to the end of the recycling order.
    virtual void TouchPatient(Transaction& transaction, int64_t patient) const = 0;

    // The first patient of the recycling order that is neither protected nor "avoid". A writing transaction
    // waits for whoever creates or deletes something of that patient.
    virtual std::optional<int64_t> SelectPatientToRecycle(Transaction& transaction, int64_t avoid) const = 0;

    // See StatisticsQueries::Fold().
    virtual bool FoldStatistics(Transaction& transaction) const = 0;

    // Keys and values of store $1 in bytewise order, from key $2 on ($3 = 1: without $2 itself), at most $4
    virtual std::string_view GetKeyValuesQuery() const = 0;

    // Servers and values of property $1 of all servers, the one that was written last comes first as far as
    // the engine can tell.
    virtual std::string_view GetServerPropertiesQuery() const = 0;

    virtual AuditLogsSql GetAuditLogsSql() const = 0;

    virtual const IFindDialect& GetFindDialect() const = 0;
  };

  // A transaction on the index
  struct IndexTransaction
  {
    // Told when the transaction has ended: false unless it is known to have been committed. Must not throw.
    using EndHandler = std::function<void(bool isCommitted)>;

    // "known" is null if nobody runs the transaction again after a RetryableError.
    IndexTransaction(IDatabase& database, const IIndexDialect& dialectToUse, AccessMode accessMode,
                     std::shared_ptr<KnownSeries> known = nullptr)
        : mode(accessMode), transaction(database, accessMode), dialect(dialectToUse),
          knownSeries(std::move(known))
    {
    }

    ~IndexTransaction()
    {
      NotifyEnd(false);
    }

    IndexTransaction(const IndexTransaction&) = delete;
    IndexTransaction& operator=(const IndexTransaction&) = delete;

    void Commit()
    {
      transaction.Commit();
      NotifyEnd(true);
    }

    void Rollback()
    {
      transaction.Rollback();
      NotifyEnd(false);
    }

    // To be called before anything is written for a resource that may have been there before.
    void Hold(int64_t id)
    {
      if (!resources.IsHeld(id))
      {
        dialect.HoldResource(transaction, id);
        resources.Hold(id);
      }
    }

    const AccessMode mode;
    Transaction transaction;
    const IIndexDialect& dialect;
    bool changePrepared = false; // see IIndexDialect::PrepareChange()
    const std::shared_ptr<KnownSeries> knownSeries;
    HeldResources resources;
    std::vector<EndHandler> endHandlers;

  private:
    void NotifyEnd(bool isCommitted)
    {
      for (const EndHandler& handler : std::exchange(endHandlers, {}))
      {
        handler(isCommitted);
      }
    }
  };
}
