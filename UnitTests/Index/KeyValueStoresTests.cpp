// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/KeyValueStores.h"
#include "UnitTests/Index/IndexTest.h"

#include <gmock/gmock.h>

using testing::ElementsAre;

namespace OrthancRegistry::Testing
{
  namespace
  {
    std::vector<std::string> GetKeys(const std::vector<KeyValueStores::KeyValue>& values)
    {
      std::vector<std::string> keys;
      for (const auto& value : values)
      {
        keys.push_back(value.key);
      }
      return keys;
    }
  }

  class KeyValueStoresTest : public IndexTest
  {
  };
  CONFORMANCE_SUITE(KeyValueStoresTest);

  TEST_P(KeyValueStoresTest, StoreGetReplaceDelete)
  {
    IndexTransaction t = Write();
    EXPECT_FALSE(KeyValueStores::Get(t, "store", "key").has_value());
    KeyValueStores::Store(t, "store", "key", "value");
    KeyValueStores::Store(t, "other", "key", "of the other");
    EXPECT_EQ("value", KeyValueStores::Get(t, "store", "key"));

    const std::string binary("\0\xff\n", 3);
    KeyValueStores::Store(t, "store", "key", binary);
    EXPECT_EQ(binary, KeyValueStores::Get(t, "store", "key"));
    KeyValueStores::Store(t, "store", "key", "");
    EXPECT_EQ("", KeyValueStores::Get(t, "store", "key"));

    KeyValueStores::Delete(t, "store", "key");
    KeyValueStores::Delete(t, "store", "key");
    EXPECT_FALSE(KeyValueStores::Get(t, "store", "key").has_value());
    EXPECT_EQ("of the other", KeyValueStores::Get(t, "other", "key"));
  }

  TEST_P(KeyValueStoresTest, TheOrderIsThatOfTheBytes)
  {
    IndexTransaction t = Write();
    for (const char* key : {"é", "z", "a-b", "aa", "a", "Z", "_", "a b"})
    {
      KeyValueStores::Store(t, "store", key, key);
    }
    KeyValueStores::Store(t, "other", "b", "");
    EXPECT_THAT(GetKeys(KeyValueStores::List(t, "store", std::nullopt, 0)),
                ElementsAre("Z", "_", "a", "a b", "a-b", "aa", "z", "é"));
    EXPECT_THAT(GetKeys(KeyValueStores::List(t, "store", "a", 2)), ElementsAre("a b", "a-b"));
    EXPECT_THAT(GetKeys(KeyValueStores::List(t, "store", "é", 2)), ElementsAre());
    EXPECT_THAT(GetKeys(KeyValueStores::List(t, "nothing", std::nullopt, 2)), ElementsAre());
  }

  TEST_P(KeyValueStoresTest, PagesOfOne)
  {
    IndexTransaction t = Write();
    std::vector<std::string> keys = {"", "a", "b"};
    for (const std::string& key : keys)
    {
      KeyValueStores::Store(t, "store", key, "value of " + key);
    }
    std::vector<std::string> read;
    std::optional<std::string> from;
    for (;;)
    {
      const auto page = KeyValueStores::List(t, "store", from, 1);
      if (page.empty())
      {
        break;
      }
      ASSERT_EQ(1u, page.size());
      EXPECT_EQ("value of " + page[0].key, page[0].value);
      read.push_back(page[0].key);
      from = page[0].key;
    }
    EXPECT_EQ(keys, read);
  }
}
