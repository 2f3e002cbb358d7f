// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/SecretBox.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Logging.h"
#include "Framework/Directory/DirectoryFormat.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits>
#include <memory>

namespace OrthancRegistry
{
  namespace
  {
    // Sealed bytes: version, nonce, encrypted secrets, tag
    constexpr char VERSION = 1;
    constexpr size_t NONCE = 12;
    constexpr size_t TAG = 16;
    constexpr size_t HEADER = 1 + NONCE;

    constexpr const char* KEY_FILE = "Registry.SecretsKeyFile";
    constexpr const char* KEY_VARIABLE = "Registry.SecretsKeyVariable";
    constexpr const char* OLD_KEY_FILES = "Registry.SecretsOldKeyFiles";

    struct FreeContext
    {
      void operator()(EVP_CIPHER_CTX* context) const
      {
        EVP_CIPHER_CTX_free(context);
      }
    };

    using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

    const unsigned char* ToBytes(const char* text)
    {
      return reinterpret_cast<const unsigned char*>(text);
    }

    unsigned char* ToBytes(char* text)
    {
      return reinterpret_cast<unsigned char*>(text);
    }

    int ToLength(size_t size)
    {
      if (size > static_cast<size_t>(std::numeric_limits<int>::max()))
      {
        throw RegistryError(ErrorCode::ParameterOutOfRange, "The secrets of a peer are too large");
      }
      return static_cast<int>(size);
    }

    void Require(int result)
    {
      if (result != 1)
      {
        throw RegistryError(ErrorCode::InternalError, "OpenSSL cannot encrypt with AES-256-GCM");
      }
    }

    std::string GetBinding(DirectoryKind kind, const std::string& name)
    {
      return std::string("OrthancRegistry/") + VERSION + "/" + DirectoryFormat::GetListName(kind) + "/" +
             name;
    }

    Context MakeContext()
    {
      Context context(EVP_CIPHER_CTX_new());
      Require(context != nullptr ? 1 : 0);
      return context;
    }

    std::string Encrypt(const SecretKey& key, const std::string& binding, const std::string& secrets)
    {
      std::string sealed(HEADER + secrets.size() + TAG, '\0');
      sealed[0] = VERSION;
      unsigned char* nonce = ToBytes(sealed.data() + 1);
      unsigned char* text = ToBytes(sealed.data() + HEADER);
      Require(RAND_bytes(nonce, NONCE));
      const Context context = MakeContext();
      int length = 0;
      Require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.GetBytes(), nonce));
      Require(EVP_EncryptUpdate(context.get(), nullptr, &length, ToBytes(binding.data()),
                                ToLength(binding.size())));
      Require(
          EVP_EncryptUpdate(context.get(), text, &length, ToBytes(secrets.data()), ToLength(secrets.size())));
      Require(EVP_EncryptFinal_ex(context.get(), text + length, &length));
      Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, TAG, text + secrets.size()));
      return sealed;
    }

    std::optional<std::string> Decrypt(const SecretKey& key, const std::string& binding,
                                       const std::string& sealed)
    {
      if (sealed.size() < HEADER + TAG || sealed[0] != VERSION)
      {
        return std::nullopt;
      }
      const size_t size = sealed.size() - HEADER - TAG;
      const unsigned char* nonce = ToBytes(sealed.data() + 1);
      const unsigned char* text = ToBytes(sealed.data() + HEADER);
      std::string tag = sealed.substr(HEADER + size);
      std::string secrets(size, '\0');
      const Context context = MakeContext();
      int length = 0;
      Require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.GetBytes(), nonce));
      Require(EVP_DecryptUpdate(context.get(), nullptr, &length, ToBytes(binding.data()),
                                ToLength(binding.size())));
      Require(
          EVP_DecryptUpdate(context.get(), ToBytes(secrets.data()), &length, text, ToLength(secrets.size())));
      Require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, TAG, tag.data()));
      if (EVP_DecryptFinal_ex(context.get(), ToBytes(secrets.data()) + length, &length) != 1)
      {
        return std::nullopt;
      }
      return secrets;
    }
  }

  SecretBox::SecretBox(const DirectoryConfiguration& configuration)
  {
    if (!configuration.keyFile.empty())
    {
      current_ = SecretKey::ReadFile(configuration.keyFile, KEY_FILE);
    }
    else if (!configuration.keyVariable.empty())
    {
      current_ = SecretKey::ReadVariable(configuration.keyVariable, KEY_VARIABLE);
    }
    for (const std::string& path : configuration.oldKeyFiles)
    {
      old_.push_back(SecretKey::ReadFile(path, OLD_KEY_FILES));
    }
  }

  std::optional<std::string> SecretBox::GetKeyId() const
  {
    return current_ ? std::make_optional(current_->GetId()) : std::nullopt;
  }

  SecretBox::Sealed SecretBox::Seal(DirectoryKind kind, const std::string& name,
                                    const std::string& secrets) const
  {
    if (!current_ || secrets.empty())
    {
      return {secrets, std::nullopt};
    }
    return {Encrypt(*current_, GetBinding(kind, name), secrets), current_->GetId()};
  }

  std::optional<std::string> SecretBox::Open(DirectoryKind kind, const std::string& name,
                                             const Sealed& sealed, std::string& reason) const
  {
    if (!sealed.keyId)
    {
      return sealed.bytes;
    }
    const SecretKey* key = FindKey(*sealed.keyId);
    if (key == nullptr)
    {
      reason = "Its secrets are encrypted with the key " + *sealed.keyId +
               ", which this replica does not have (see \"" + KEY_FILE + "\", \"" + KEY_VARIABLE +
               "\" and \"" + OLD_KEY_FILES + "\")";
      return std::nullopt;
    }
    std::optional<std::string> secrets = Decrypt(*key, GetBinding(kind, name), sealed.bytes);
    if (!secrets)
    {
      reason = "Its encrypted secrets are damaged, or were made for another entry: define it again";
    }
    return secrets;
  }

  const SecretKey* SecretBox::FindKey(const std::string& id) const
  {
    if (current_ && current_->GetId() == id)
    {
      return &*current_;
    }
    for (const SecretKey& key : old_)
    {
      if (key.GetId() == id)
      {
        return &key;
      }
    }
    return nullptr;
  }

  void WarnAboutClearSecrets(const DirectoryConfiguration& configuration, const SecretBox& box)
  {
    if (configuration.arePeersShared && !box.HasKey())
    {
      LogWarning(
          std::string("The passwords of the shared peers are kept in the clear in the database: set \"") +
          KEY_FILE + "\" or \"" + KEY_VARIABLE + "\" to encrypt them");
    }
  }
}
