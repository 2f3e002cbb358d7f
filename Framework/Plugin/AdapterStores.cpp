// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Attachments.h"
#include "Framework/Index/KeyValueStores.h"
#include "Framework/Index/Queues.h"

#include "Framework/Plugin/AdapterConversions.h"

namespace OrthancRegistry::Adapter
{
#if REGISTRY_SDK_HAS_CUSTOM_DATA
  namespace
  {
    void GetAttachmentCustomData(Call& call)
    {
      call.response.mutable_get_attachment_custom_data()->set_custom_data(
          Attachments::GetCustomData(call.transaction, call.request.get_attachment_custom_data().uuid()));
    }

    void SetAttachmentCustomData(Call& call)
    {
      const auto& request = call.request.set_attachment_custom_data();
      Attachments::SetCustomData(call.transaction, request.uuid(), request.custom_data());
    }

    void StoreKeyValue(Call& call)
    {
      const auto& request = call.request.store_key_value();
      KeyValueStores::Store(call.transaction, request.store_id(), request.key(), request.value());
    }

    void DeleteKeyValue(Call& call)
    {
      const auto& request = call.request.delete_key_value();
      KeyValueStores::Delete(call.transaction, request.store_id(), request.key());
    }

    void GetKeyValue(Call& call)
    {
      const auto& request = call.request.get_key_value();
      auto value = KeyValueStores::Get(call.transaction, request.store_id(), request.key());
      auto& response = *call.response.mutable_get_key_value();
      response.set_found(value.has_value());
      if (value)
      {
        response.set_value(std::move(*value));
      }
    }

    void ListKeyValues(Call& call)
    {
      const auto& request = call.request.list_keys_values();
      const auto from = request.from_first() ? std::nullopt : std::make_optional(request.from_key());
      auto& response = *call.response.mutable_list_keys_values();
      for (auto& item : KeyValueStores::List(call.transaction, request.store_id(), from, request.limit()))
      {
        auto& target = *response.add_keys_values();
        target.set_key(std::move(item.key));
        target.set_value(std::move(item.value));
      }
    }

    void EnqueueValue(Call& call)
    {
      const auto& request = call.request.enqueue_value();
      Queues::Enqueue(call.transaction, request.queue_id(), request.value());
    }

    void DequeueValue(Call& call)
    {
      const auto& request = call.request.dequeue_value();
      auto value =
          Queues::Dequeue(call.transaction, request.queue_id(), static_cast<QueueOrigin>(request.origin()));
      auto& response = *call.response.mutable_dequeue_value();
      response.set_found(value.has_value());
      if (value)
      {
        response.set_value(std::move(*value));
      }
    }

    void GetQueueSize(Call& call)
    {
      call.response.mutable_get_queue_size()->set_size(
          static_cast<uint64_t>(Queues::GetSize(call.transaction, call.request.get_queue_size().queue_id())));
    }

#if REGISTRY_SDK_HAS_RESERVE_QUEUE
    void ReserveQueueValue(Call& call)
    {
      const auto& request = call.request.reserve_queue_value();
      // Cores up to 1.13.0 at least put the origin into the sub-message of another operation
      const auto origin =
          call.request.has_dequeue_value() ? call.request.dequeue_value().origin() : request.origin();
      auto reserved = Queues::Reserve(call.transaction, request.queue_id(), static_cast<QueueOrigin>(origin),
                                      request.release_timeout());
      auto& response = *call.response.mutable_reserve_queue_value();
      response.set_found(reserved.has_value());
      if (reserved)
      {
        response.set_value(std::move(reserved->value));
        response.set_value_id(static_cast<uint64_t>(reserved->id));
      }
    }

    void AcknowledgeQueueValue(Call& call)
    {
      const auto& request = call.request.acknowledge_queue_value();
      Queues::Acknowledge(call.transaction, request.queue_id(), static_cast<int64_t>(request.value_id()));
    }
#endif

    constexpr Operation OPERATIONS[] = {
        {Messages::OPERATION_GET_ATTACHMENT_CUSTOM_DATA, "GET_ATTACHMENT_CUSTOM_DATA",
         GetAttachmentCustomData},
        {Messages::OPERATION_SET_ATTACHMENT_CUSTOM_DATA, "SET_ATTACHMENT_CUSTOM_DATA",
         SetAttachmentCustomData},
        {Messages::OPERATION_STORE_KEY_VALUE, "STORE_KEY_VALUE", StoreKeyValue},
        {Messages::OPERATION_DELETE_KEY_VALUE, "DELETE_KEY_VALUE", DeleteKeyValue},
        {Messages::OPERATION_GET_KEY_VALUE, "GET_KEY_VALUE", GetKeyValue},
        {Messages::OPERATION_LIST_KEY_VALUES, "LIST_KEY_VALUES", ListKeyValues},
        {Messages::OPERATION_ENQUEUE_VALUE, "ENQUEUE_VALUE", EnqueueValue},
        {Messages::OPERATION_DEQUEUE_VALUE, "DEQUEUE_VALUE", DequeueValue},
        {Messages::OPERATION_GET_QUEUE_SIZE, "GET_QUEUE_SIZE", GetQueueSize},
#if REGISTRY_SDK_HAS_RESERVE_QUEUE
        {Messages::OPERATION_RESERVE_QUEUE_VALUE, "RESERVE_QUEUE_VALUE", ReserveQueueValue},
        {Messages::OPERATION_ACKNOWLEDGE_QUEUE_VALUE, "ACKNOWLEDGE_QUEUE_VALUE", AcknowledgeQueueValue},
#endif
    };
  }

  std::span<const Operation> GetStoreOperations()
  {
    return OPERATIONS;
  }
#else
  std::span<const Operation> GetStoreOperations()
  {
    return {};
  }
#endif
}
