// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Directory/DirectoryConfiguration.h"
#include "Framework/Directory/DirectoryTypes.h"
#include "Framework/Directory/SecretKey.h"

#include <optional>
#include <string>
#include <vector>

namespace OrthancRegistry
{
  // Secrets at rest: AES-256-GCM, bound to the kind and the name of their entry, so that the bytes of one row
  // are of no use in another one. Thread-safe.
  class SecretBox
  {
  public:
    // Reads the keys. RegistryError that names the option and says what is wrong.
    explicit SecretBox(const DirectoryConfiguration& configuration);

    bool HasKey() const
    {
      return current_.has_value();
    }

    // Of the key that new secrets are sealed with
    std::optional<std::string> GetKeyId() const;

    struct Sealed
    {
      std::string bytes;
      std::optional<std::string> keyId; // none: in the clear
    };

    // In the clear without a key, and if there are no secrets (the empty string)
    Sealed Seal(DirectoryKind kind, const std::string& name, const std::string& secrets) const;

    // Nothing, and why not, if the key is not here or the bytes are damaged.
    std::optional<std::string> Open(DirectoryKind kind, const std::string& name, const Sealed& sealed,
                                    std::string& reason) const;

  private:
    const SecretKey* FindKey(const std::string& id) const;

    std::optional<SecretKey> current_;
    std::vector<SecretKey> old_;
  };

  // To be called once at start: a warning if secrets of shared peers are kept in the clear.
  void WarnAboutClearSecrets(const DirectoryConfiguration& configuration, const SecretBox& box);
}
