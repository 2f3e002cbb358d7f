// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/DatabaseBackend.h"

#include "UnitTests/Plugin/FakeOrthanc.h"
#include "UnitTests/TestDatabases.h"

#include <thread>

namespace OrthancRegistry
{
  using namespace Adapter;

  namespace
  {
    constexpr int JOBS_REGISTRY = 5;

    class DatabaseBackendTest : public Testing::EngineTest
    {
    protected:
      void SetUp() override
      {
        EngineTest::SetUp();
        database_->Migrate("Index");
        BackendHooks hooks;
        hooks.open = [this]
        {
          opened_++;
        };
        hooks.close = [this]
        {
          opened_--;
        };
        hooks.onWritten = [this]
        {
          written_++;
        };
        hooks.savedJobs.onSave = [this](const std::string& server, const std::string& registry)
        {
          return onSave_(server, registry);
        };
        hooks.savedJobs.onLoad = [this](const std::string& server, const std::string& registry)
        {
          return onLoad_(server, registry);
        };
        backend_ =
            std::make_unique<DatabaseBackend>(GetDatabase(), database_->GetDialect(), std::move(hooks));
        ASSERT_TRUE(core_.InitializePlugin());
        backend_->Register(10);
      }

      Testing::FakeOrthanc::Answer SendDatabase(Messages::DatabaseOperation operation,
                                                int64_t transaction = 0)
      {
        Messages::Request request;
        request.set_type(Messages::REQUEST_DATABASE);
        auto& database = *request.mutable_database_request();
        database.set_operation(operation);
        database.mutable_finalize_transaction()->set_transaction(transaction);
        database.mutable_start_transaction()->set_type(type_);
        return core_.Send(request);
      }

      int64_t Start()
      {
        const auto answer = SendDatabase(Messages::OPERATION_START_TRANSACTION);
        EXPECT_EQ(answer.code, OrthancPluginErrorCode_Success);
        return answer.message.database_response().start_transaction().transaction();
      }

      void Finalize(int64_t transaction)
      {
        EXPECT_EQ(SendDatabase(Messages::OPERATION_FINALIZE_TRANSACTION, transaction).code,
                  OrthancPluginErrorCode_Success);
      }

      Testing::FakeOrthanc::Answer Send(int64_t transaction, Messages::TransactionOperation operation,
                                        Messages::TransactionRequest content = {})
      {
        Messages::Request request;
        request.set_type(Messages::REQUEST_TRANSACTION);
        *request.mutable_transaction_request() = std::move(content);
        request.mutable_transaction_request()->set_transaction(transaction);
        request.mutable_transaction_request()->set_operation(operation);
        return core_.Send(request);
      }

      // One operation in a transaction of its own
      Messages::TransactionResponse Run(Messages::TransactionOperation operation,
                                        const Messages::TransactionRequest& content = {})
      {
        const int64_t transaction = Start();
        const auto answer = Send(transaction, operation, content);
        EXPECT_EQ(answer.code, OrthancPluginErrorCode_Success);
        EXPECT_EQ(Send(transaction, Messages::OPERATION_COMMIT).code, OrthancPluginErrorCode_Success);
        Finalize(transaction);
        return answer.message.transaction_response();
      }

      static Messages::TransactionRequest MakeProperty(int property, const std::string& value)
      {
        Messages::TransactionRequest request;
        request.mutable_set_global_property()->set_server_id("here");
        request.mutable_set_global_property()->set_property(property);
        request.mutable_set_global_property()->set_value(value);
        request.mutable_lookup_global_property()->set_server_id("here");
        request.mutable_lookup_global_property()->set_property(property);
        return request;
      }

      std::string LookupProperty(int property)
      {
        const auto response = Run(Messages::OPERATION_LOOKUP_GLOBAL_PROPERTY, MakeProperty(property, ""));
        return response.lookup_global_property().found() ? response.lookup_global_property().value()
                                                         : "(absent)";
      }

      static Messages::TransactionRequest MakeInstance(const std::string& patient,
                                                       const std::string& instance)
      {
        Messages::TransactionRequest request;
        request.mutable_create_instance()->set_patient(patient);
        request.mutable_create_instance()->set_study(patient + "-study");
        request.mutable_create_instance()->set_series(patient + "-series");
        request.mutable_create_instance()->set_instance(instance);
        return request;
      }

      // As the core looks for an instance before it stores it
      bool IsFound(const std::string& instance)
      {
        Messages::TransactionRequest request;
        request.mutable_find()->set_level(Messages::RESOURCE_INSTANCE);
        request.mutable_find()->set_orthanc_id_instance(instance);
        request.mutable_find()->set_retrieve_attachments(true);
        return Run(Messages::OPERATION_FIND, request).find_size() > 0;
      }

      int64_t CreatePatient(const std::string& patient)
      {
        return Run(Messages::OPERATION_CREATE_INSTANCE, MakeInstance(patient, patient + "-instance"))
            .create_instance()
            .patient_id();
      }

      Testing::FakeOrthanc core_;
      int opened_ = 0;
      int written_ = 0;
      Messages::TransactionType type_ = Messages::TRANSACTION_READ_WRITE; // of Start()
      static std::string Keep(const std::string& /*server*/, const std::string& registry)
      {
        return registry;
      }

      SavedJobsFilters::Filter onSave_ = Keep;
      SavedJobsFilters::Filter onLoad_ = Keep;
      std::unique_ptr<DatabaseBackend> backend_;
    };

    TEST_P(DatabaseBackendTest, TellsWhatItCan)
    {
      const auto answer = SendDatabase(Messages::OPERATION_GET_SYSTEM_INFORMATION);
      const auto& information = answer.message.database_response().get_system_information();
      EXPECT_EQ(information.database_version(), 6u);
      EXPECT_FALSE(information.supports_flush_to_disk());
      EXPECT_TRUE(information.supports_revisions());
      EXPECT_TRUE(information.supports_labels());
      EXPECT_TRUE(information.supports_increment_global_property());
      EXPECT_TRUE(information.has_update_and_get_statistics());
      EXPECT_TRUE(information.has_measure_latency());
      EXPECT_TRUE(information.supports_find());
      EXPECT_TRUE(information.has_extended_changes());
      const auto latency = SendDatabase(Messages::OPERATION_MEASURE_LATENCY);
      EXPECT_EQ(latency.code, OrthancPluginErrorCode_Success);
      EXPECT_LT(latency.message.database_response().measure_latency().latency_us(), 1000000);
    }

    TEST_P(DatabaseBackendTest, OpensAndCloses)
    {
      SendDatabase(Messages::OPERATION_OPEN);
      EXPECT_EQ(opened_, 1);
      SendDatabase(Messages::OPERATION_CLOSE);
      EXPECT_EQ(opened_, 0);
    }

    TEST_P(DatabaseBackendTest, KeepsWhatIsCommittedOnly)
    {
      const int64_t first = Start();
      EXPECT_NE(first, 0);
      Send(first, Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(1024, "value"));
      EXPECT_EQ(Send(first, Messages::OPERATION_COMMIT).code, OrthancPluginErrorCode_Success);
      Finalize(first);
      EXPECT_EQ(LookupProperty(1024), "value");

      const int64_t second = Start();
      EXPECT_NE(second, first);
      Send(second, Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(1024, "other"));
      EXPECT_EQ(Send(second, Messages::OPERATION_ROLLBACK).code, OrthancPluginErrorCode_Success);
      Finalize(second);
      EXPECT_EQ(LookupProperty(1024), "value");

      const int64_t third = Start();
      Send(third, Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(1024, "other"));
      Finalize(third);
      EXPECT_EQ(LookupProperty(1024), "value");
    }

    TEST_P(DatabaseBackendTest, TellsOfWritingTransactionsOnceTheyHaveEnded)
    {
      const int64_t committed = Start();
      EXPECT_EQ(written_, 0);
      EXPECT_EQ(Send(committed, Messages::OPERATION_COMMIT).code, OrthancPluginErrorCode_Success);
      Finalize(committed);
      EXPECT_EQ(written_, 1);
      Finalize(Start()); // nobody knows what has become of it
      EXPECT_EQ(written_, 2);
      type_ = Messages::TRANSACTION_READ_ONLY;
      Run(Messages::OPERATION_GET_LAST_CHANGE);
      EXPECT_EQ(written_, 2);
    }

    TEST_P(DatabaseBackendTest, RefusesCallsInAWrongOrder)
    {
      EXPECT_EQ(Send(12345, Messages::OPERATION_CLEAR_CHANGES).code,
                OrthancPluginErrorCode_BadSequenceOfCalls);
      Finalize(12345);
      const int64_t transaction = Start();
      Send(transaction, Messages::OPERATION_COMMIT);
      EXPECT_EQ(Send(transaction, Messages::OPERATION_CLEAR_CHANGES).code,
                OrthancPluginErrorCode_BadSequenceOfCalls);
      Finalize(transaction);
      EXPECT_EQ(Send(transaction, Messages::OPERATION_CLEAR_CHANGES).code,
                OrthancPluginErrorCode_BadSequenceOfCalls);
    }

    TEST_P(DatabaseBackendTest, RefusesWhatItDoesNotKnow)
    {
      const int64_t transaction = Start();
      EXPECT_EQ(Send(transaction, static_cast<Messages::TransactionOperation>(127)).code,
                OrthancPluginErrorCode_NotImplemented);
      EXPECT_EQ(Send(transaction, static_cast<Messages::TransactionOperation>(100000)).code,
                OrthancPluginErrorCode_NotImplemented);
      EXPECT_EQ(Send(transaction, static_cast<Messages::TransactionOperation>(-1)).code,
                OrthancPluginErrorCode_NotImplemented);
      Finalize(transaction);
      std::string response;
      EXPECT_EQ(core_.SendBytes("\xff\xff\xff", response), OrthancPluginErrorCode_DatabasePlugin);
    }

    TEST_P(DatabaseBackendTest, ReportsAConstraintOnceAndThenRefusesTheTransaction)
    {
      const int64_t patient = CreatePatient("patient");
      Messages::TransactionRequest request;
      request.mutable_add_attachment()->set_id(patient);
      request.mutable_add_attachment()->mutable_attachment()->set_uuid("uuid");
      request.mutable_add_attachment()->mutable_attachment()->set_content_type(1024);
      Run(Messages::OPERATION_ADD_ATTACHMENT, request);

      const int errors = core_.CountLogs(LogLevel::Error);
      const int64_t transaction = Start();
      // A statement without an answer may report its error with the next one that has one
      auto code = Send(transaction, Messages::OPERATION_ADD_ATTACHMENT, request).code;
      if (code == OrthancPluginErrorCode_Success)
      {
        code = Send(transaction, Messages::OPERATION_COMMIT).code;
      }
      EXPECT_EQ(code, OrthancPluginErrorCode_Database);
      EXPECT_EQ(core_.CountLogs(LogLevel::Error), errors + 1);
      EXPECT_EQ(Send(transaction, Messages::OPERATION_GET_LAST_CHANGE_INDEX).code,
                OrthancPluginErrorCode_BadSequenceOfCalls);
      EXPECT_EQ(Send(transaction, Messages::OPERATION_ROLLBACK).code, OrthancPluginErrorCode_Success);
      Finalize(transaction);
    }

    TEST_P(DatabaseBackendTest, TellsTheCoreWhatToRunAgain)
    {
      Run(Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(JOBS_REGISTRY, "{}"));
      const auto lookupThrowing = [&](const auto& error)
      {
        onLoad_ = [error](const std::string&, const std::string&) -> std::string
        {
          throw error;
        };
        const int64_t transaction = Start();
        const auto code =
            Send(transaction, Messages::OPERATION_LOOKUP_GLOBAL_PROPERTY, MakeProperty(JOBS_REGISTRY, ""))
                .code;
        Finalize(transaction);
        return code;
      };
      EXPECT_EQ(lookupThrowing(RetryableError("busy")), OrthancPluginErrorCode_DatabaseCannotSerialize);
      EXPECT_EQ(lookupThrowing(ConnectionLostError("lost")), OrthancPluginErrorCode_DatabaseCannotSerialize);
      EXPECT_EQ(core_.CountLogs(LogLevel::Error), 0) << "The core logs these by itself";
      EXPECT_EQ(lookupThrowing(CommitInDoubtError("doubt")), OrthancPluginErrorCode_DatabaseUnavailable);
      EXPECT_EQ(lookupThrowing(StatementError("wrong")), OrthancPluginErrorCode_Database);
      EXPECT_EQ(lookupThrowing(RegistryError(ErrorCode::UnknownResource, "absent")),
                OrthancPluginErrorCode_UnknownResource);
      EXPECT_EQ(lookupThrowing(std::bad_alloc()), OrthancPluginErrorCode_NotEnoughMemory);
      EXPECT_EQ(lookupThrowing(std::runtime_error("?")), OrthancPluginErrorCode_InternalError);
      EXPECT_EQ(lookupThrowing(42), OrthancPluginErrorCode_InternalError);
    }

    TEST_P(DatabaseBackendTest, StoresAgainWhatAnotherOneHasStoredMeanwhile)
    {
      CreatePatient("p");
      const auto store = [this](const std::string& instance, const std::function<void()>& meanwhile)
      {
        EXPECT_FALSE(IsFound(instance));
        const int64_t transaction = Start();
        const auto created =
            Send(transaction, Messages::OPERATION_CREATE_INSTANCE, MakeInstance("p", instance));
        EXPECT_TRUE(created.message.transaction_response().create_instance().is_new_instance());
        meanwhile();
        const auto code = Send(transaction, Messages::OPERATION_COMMIT).code;
        Finalize(transaction);
        return code;
      };
      const auto nothing = [] {};
      EXPECT_EQ(store("i1", nothing), OrthancPluginErrorCode_Success);
      EXPECT_EQ(store("i2", nothing), OrthancPluginErrorCode_Success);
      if (GetParam() == Engine::PostgreSQL)
      {
        const auto create = [this]
        {
          return Run(Messages::OPERATION_CREATE_INSTANCE, MakeInstance("p", "i3"))
              .create_instance()
              .is_new_instance();
        };
        EXPECT_EQ(store("i3",
                        [&]
                        {
                          EXPECT_TRUE(create());
                        }),
                  OrthancPluginErrorCode_DatabaseCannotSerialize);
        EXPECT_FALSE(create());
      }
    }

    TEST_P(DatabaseBackendTest, ExpectsAnInstanceToBeNewOnlyIfItCanBeRunAgain)
    {
      const auto create = [this](const std::string& instance)
      {
        return Run(Messages::OPERATION_CREATE_INSTANCE, MakeInstance("p", instance))
            .create_instance()
            .is_new_instance();
      };
      for (const uint32_t retries : {0u, 10u})
      {
        const std::string first = "first of " + std::to_string(retries);
        const std::string second = "second of " + std::to_string(retries);
        backend_->Register(retries);
        EXPECT_FALSE(IsFound(first));
        EXPECT_TRUE(create(first));
        EXPECT_FALSE(IsFound(second));
        std::thread(
            [&]
            {
              EXPECT_TRUE(create(second));
            })
            .join();
        const int64_t transaction = Start();
        EXPECT_EQ(Send(transaction, Messages::OPERATION_CREATE_INSTANCE, MakeInstance("p", second))
                      .message.transaction_response()
                      .create_instance()
                      .is_new_instance(),
                  retries > 0 && GetParam() == Engine::PostgreSQL);
        Send(transaction, Messages::OPERATION_ROLLBACK);
        Finalize(transaction);
      }
    }

    TEST_P(DatabaseBackendTest, FiltersTheSavedJobsOnly)
    {
      onSave_ = [](const std::string& server, const std::string& registry)
      {
        return registry + " saved by " + server;
      };
      onLoad_ = [](const std::string& server, const std::string& registry)
      {
        return server + ":" + registry;
      };
      EXPECT_EQ(LookupProperty(JOBS_REGISTRY), "(absent)");
      Run(Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(JOBS_REGISTRY, "jobs"));
      Run(Messages::OPERATION_SET_GLOBAL_PROPERTY, MakeProperty(20, "modalities"));
      EXPECT_EQ(LookupProperty(JOBS_REGISTRY), "here:jobs saved by here");
      EXPECT_EQ(LookupProperty(20), "modalities");
    }

    TEST_P(DatabaseBackendTest, CountsByTheFilterThatTheCoreSendsElsewhere)
    {
      CreatePatient("a");
      CreatePatient("b");
      Messages::TransactionRequest request;
      request.mutable_find()->set_level(Messages::RESOURCE_STUDY);
      EXPECT_EQ(Run(Messages::OPERATION_COUNT_RESOURCES, request).count_resources().count(), 2u);
      request.mutable_find()->set_orthanc_id_patient("a");
      EXPECT_EQ(Run(Messages::OPERATION_COUNT_RESOURCES, request).count_resources().count(), 1u);
      EXPECT_EQ(Run(Messages::OPERATION_FIND, request).find_size(), 1);
    }

#if REGISTRY_SDK_HAS_RESERVE_QUEUE
    TEST_P(DatabaseBackendTest, ReservesFromTheEndThatTheCoreSendsElsewhere)
    {
      for (const char* const value : {"first", "second", "third"})
      {
        Messages::TransactionRequest request;
        request.mutable_enqueue_value()->set_queue_id("queue");
        request.mutable_enqueue_value()->set_value(value);
        Run(Messages::OPERATION_ENQUEUE_VALUE, request);
      }
      Messages::TransactionRequest request;
      request.mutable_reserve_queue_value()->set_queue_id("queue");
      request.mutable_reserve_queue_value()->set_release_timeout(1000);
      const auto reserve = [&]
      {
        return Run(Messages::OPERATION_RESERVE_QUEUE_VALUE, request).reserve_queue_value().value();
      };
      request.mutable_dequeue_value()->set_origin(Messages::QUEUE_ORIGIN_BACK);
      EXPECT_EQ(reserve(), "third");
      request.mutable_dequeue_value()->set_origin(Messages::QUEUE_ORIGIN_FRONT);
      EXPECT_EQ(reserve(), "first");
      request.clear_dequeue_value();
      request.mutable_reserve_queue_value()->set_origin(Messages::QUEUE_ORIGIN_BACK);
      EXPECT_EQ(reserve(), "second");
    }
#endif

    CONFORMANCE_SUITE(DatabaseBackendTest);

    TEST(PluginContext, RefusesCoresThatAreTooOld)
    {
      EXPECT_FALSE(Testing::FakeOrthanc("1.12.4").InitializePlugin());
      EXPECT_FALSE(Testing::FakeOrthanc("1.11.9").InitializePlugin());
      EXPECT_TRUE(Testing::FakeOrthanc("1.12.5").InitializePlugin());
      EXPECT_TRUE(Testing::FakeOrthanc("1.13.0").InitializePlugin());
      EXPECT_TRUE(Testing::FakeOrthanc("mainline").InitializePlugin());
    }
  }
}
