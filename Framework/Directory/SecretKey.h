// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <string>

namespace OrthancRegistry
{
  // A key of AES-256, wiped from memory when it goes. "option" is the name of the option of the configuration
  // that leads to the key, for messages: these never hold anything of the key.
  class SecretKey
  {
  public:
    static constexpr size_t SIZE = 32;

    // 64 hexadecimal digits or base 64, white space around ignored. RegistryError(BadParameterType) if it is
    // neither.
    static SecretKey Parse(const std::string& text, const std::string& option);

    // Warns if everybody can read the file.
    static SecretKey ReadFile(const std::string& path, const std::string& option);
    static SecretKey ReadVariable(const std::string& name, const std::string& option);

    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey();

    // What tells keys apart, and gives nothing of them away: 16 hexadecimal digits
    const std::string& GetId() const
    {
      return id_;
    }

    const unsigned char* GetBytes() const
    {
      return bytes_.data();
    }

  private:
    explicit SecretKey(const std::string& bytes);

    std::array<unsigned char, SIZE> bytes_;
    std::string id_;
  };
}
