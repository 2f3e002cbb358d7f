// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/SecretBox.h"

#include "Framework/Common/Errors.h"
#include "UnitTests/Directory/KeyFiles.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <set>

namespace OrthancRegistry::Testing
{
  namespace
  {
    constexpr auto MODALITIES = DirectoryKind::Modalities;
    constexpr auto PEERS = DirectoryKind::Peers;
    constexpr const char* SECRETS = R"({"Password":"canary"})";

    const std::string KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    const std::string SAME_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; // in base 64
    const std::string OTHER_KEY = std::string(64, '7');

    std::string ErrorOf(const DirectoryConfiguration& configuration)
    {
      try
      {
        const SecretBox box(configuration);
        return "accepted";
      }
      catch (const RegistryError& e)
      {
        return e.what();
      }
    }
  }

  class SecretBoxTest : public testing::Test
  {
  protected:
    SecretBox MakeBox(const std::string& current, const std::vector<std::string>& old = {})
    {
      return SecretBox(files_.MakeConfiguration(current, old));
    }

    KeyFiles files_;
  };

  TEST_F(SecretBoxTest, WhatIsSealedOpensAgain)
  {
    const SecretBox box = MakeBox(KEY);
    const SecretBox::Sealed sealed = box.Seal(PEERS, "a", SECRETS);
    EXPECT_THAT(sealed.bytes, testing::Not(testing::HasSubstr("canary")));
    EXPECT_EQ(box.GetKeyId(), sealed.keyId);
    EXPECT_EQ(1, sealed.bytes[0]);
    std::string reason;
    EXPECT_EQ(SECRETS, box.Open(PEERS, "a", sealed, reason));
    EXPECT_EQ("", reason);
    EXPECT_EQ(SECRETS, MakeBox("  " + SAME_KEY + "\r\n").Open(PEERS, "a", sealed, reason));
  }

  TEST_F(SecretBoxTest, NoNonceTwice)
  {
    const SecretBox box = MakeBox(KEY);
    std::set<std::string> nonces;
    for (int i = 0; i < 1000; i++)
    {
      nonces.insert(box.Seal(PEERS, "a", SECRETS).bytes.substr(1, 12));
    }
    EXPECT_EQ(1000u, nonces.size());
  }

  TEST_F(SecretBoxTest, EachFlippedBitIsNoticed)
  {
    const SecretBox box = MakeBox(KEY);
    const SecretBox::Sealed sealed = box.Seal(PEERS, "a", SECRETS);
    for (size_t bit = 0; bit < sealed.bytes.size() * 8; bit++)
    {
      SecretBox::Sealed damaged = sealed;
      damaged.bytes[bit / 8] = static_cast<char>(damaged.bytes[bit / 8] ^ (1 << (bit % 8)));
      std::string reason;
      EXPECT_FALSE(box.Open(PEERS, "a", damaged, reason)) << bit;
      EXPECT_THAT(reason, testing::HasSubstr("damaged"));
    }
    for (size_t size = 0; size < sealed.bytes.size(); size++)
    {
      std::string reason;
      EXPECT_FALSE(box.Open(PEERS, "a", {sealed.bytes.substr(0, size), sealed.keyId}, reason)) << size;
    }
  }

  TEST_F(SecretBoxTest, RowsCannotBeSwapped)
  {
    const SecretBox box = MakeBox(KEY);
    const SecretBox::Sealed sealed = box.Seal(PEERS, "a", SECRETS);
    std::string reason;
    EXPECT_FALSE(box.Open(PEERS, "b", sealed, reason));
    EXPECT_FALSE(box.Open(MODALITIES, "a", sealed, reason));
    EXPECT_TRUE(box.Open(PEERS, "a", sealed, reason));
  }

  TEST_F(SecretBoxTest, WithoutTheKeyTheReasonNamesIt)
  {
    const SecretBox::Sealed sealed = MakeBox(KEY).Seal(PEERS, "a", SECRETS);
    for (const SecretBox& box : {MakeBox(OTHER_KEY), MakeBox("")})
    {
      std::string reason;
      EXPECT_FALSE(box.Open(PEERS, "a", sealed, reason));
      EXPECT_THAT(reason, testing::HasSubstr(*sealed.keyId));
    }
    // Somebody claims that another key has made it
    const SecretBox other = MakeBox(OTHER_KEY);
    std::string reason;
    EXPECT_FALSE(other.Open(PEERS, "a", {sealed.bytes, other.GetKeyId()}, reason));
  }

  TEST_F(SecretBoxTest, OldKeysOpenAndDoNotSeal)
  {
    const SecretBox::Sealed sealed = MakeBox(KEY).Seal(PEERS, "a", SECRETS);
    const SecretBox box = MakeBox(OTHER_KEY, {KEY});
    std::string reason;
    EXPECT_EQ(SECRETS, box.Open(PEERS, "a", sealed, reason));
    EXPECT_NE(sealed.keyId, box.Seal(PEERS, "a", SECRETS).keyId);
    EXPECT_EQ(SECRETS, MakeBox("", {KEY}).Open(PEERS, "a", sealed, reason));
    EXPECT_FALSE(MakeBox("", {KEY}).HasKey());
  }

  TEST_F(SecretBoxTest, InTheClearWithoutAKey)
  {
    const SecretBox box = MakeBox("");
    EXPECT_FALSE(box.HasKey());
    const SecretBox::Sealed sealed = box.Seal(PEERS, "a", SECRETS);
    EXPECT_EQ(SECRETS, sealed.bytes);
    EXPECT_FALSE(sealed.keyId);
    std::string reason;
    EXPECT_EQ(SECRETS, MakeBox(KEY).Open(PEERS, "a", sealed, reason));
    const SecretBox::Sealed nothing = MakeBox(KEY).Seal(PEERS, "a", "");
    EXPECT_EQ("", nothing.bytes);
    EXPECT_FALSE(nothing.keyId);
  }

  TEST_F(SecretBoxTest, TheKeyOfAVariable)
  {
    DirectoryConfiguration configuration;
    configuration.keyVariable = "REGISTRY_TEST_KEY";
    ::unsetenv("REGISTRY_TEST_KEY");
    EXPECT_THAT(ErrorOf(configuration), testing::AllOf(testing::HasSubstr("Registry.SecretsKeyVariable"),
                                                       testing::HasSubstr("REGISTRY_TEST_KEY")));
    ::setenv("REGISTRY_TEST_KEY", (" " + KEY + "\n").c_str(), 1);
    EXPECT_EQ(MakeBox(KEY).GetKeyId(), SecretBox(configuration).GetKeyId());
    ::unsetenv("REGISTRY_TEST_KEY");
  }

  TEST_F(SecretBoxTest, ErrorsNameTheOptionAndNotTheKey)
  {
    for (const std::string& bad :
         {std::string("\n"), std::string("secretsecretsecret!"), KEY.substr(2), "zz" + KEY.substr(2),
          std::string("c2VjcmV0"), std::string(1025, '0'), KEY + " " + KEY})
    {
      const std::string error = ErrorOf(files_.MakeConfiguration(bad, {}));
      EXPECT_THAT(error, testing::HasSubstr("Registry.SecretsKeyFile")) << bad;
      EXPECT_THAT(error, testing::Not(testing::HasSubstr("secretsecret")));
      EXPECT_THAT(error, testing::Not(testing::HasSubstr("0405060708")));
      EXPECT_THAT(ErrorOf(files_.MakeConfiguration(KEY, {bad})),
                  testing::HasSubstr("Registry.SecretsOldKeyFiles"));
    }
    DirectoryConfiguration configuration;
    configuration.keyFile = "/nowhere/key";
    EXPECT_THAT(ErrorOf(configuration),
                testing::AllOf(testing::HasSubstr("cannot be read"), testing::HasSubstr("/nowhere/key")));
    configuration.keyFile = "/tmp"; // a folder
    EXPECT_THAT(ErrorOf(configuration), testing::HasSubstr("cannot be read"));
  }

  TEST_F(SecretBoxTest, TheIdGivesNothingAway)
  {
    const std::string id = *MakeBox(KEY).GetKeyId();
    EXPECT_EQ(16u, id.size());
    EXPECT_EQ(std::string::npos, id.find_first_not_of("0123456789abcdef"));
    EXPECT_NE(KEY.substr(0, 16), id);
    EXPECT_NE(id, MakeBox(OTHER_KEY).GetKeyId());
  }
}
