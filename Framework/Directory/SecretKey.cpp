// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/SecretKey.h"

#include "Framework/Common/Base64.h"
#include "Framework/Common/Errors.h"
#include "Framework/Common/Logging.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace OrthancRegistry
{
  namespace
  {
    constexpr std::string_view ID_LABEL = "OrthancRegistry key id\n";
    constexpr size_t ID_BYTES = 8;
    constexpr size_t MAXIMUM_FILE = 1024;
    constexpr std::string_view WHITE_SPACE = " \t\r\n";
    constexpr std::string_view HEXADECIMAL = "0123456789abcdef";
    constexpr unsigned int DIGIT_BITS = 4;

    // Wipes a text at the end of the scope, whichever way it is left.
    class Wiper
    {
    public:
      explicit Wiper(std::string& text) : text_(text)
      {
      }

      ~Wiper()
      {
        OPENSSL_cleanse(text_.data(), text_.size());
      }

      Wiper(const Wiper&) = delete;
      Wiper& operator=(const Wiper&) = delete;

    private:
      std::string& text_;
    };

    std::string_view Trim(std::string_view text)
    {
      const size_t begin = text.find_first_not_of(WHITE_SPACE);
      return begin == std::string_view::npos
                 ? std::string_view()
                 : text.substr(begin, text.find_last_not_of(WHITE_SPACE) + 1 - begin);
    }

    size_t GetDigit(char c)
    {
      return HEXADECIMAL.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    }

    std::optional<std::string> DecodeHexadecimal(std::string_view text)
    {
      if (text.size() != 2 * SecretKey::SIZE)
      {
        return std::nullopt;
      }
      std::string bytes(SecretKey::SIZE, '\0');
      for (size_t i = 0; i < SecretKey::SIZE; i++)
      {
        const size_t high = GetDigit(text[2 * i]);
        const size_t low = GetDigit(text[2 * i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos)
        {
          return std::nullopt;
        }
        bytes[i] = static_cast<char>((high << DIGIT_BITS) | low);
      }
      return bytes;
    }

    std::string ComputeId(const std::string& bytes)
    {
      std::string labelled = std::string(ID_LABEL) + bytes;
      const Wiper wiper(labelled);
      std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
      if (EVP_Digest(labelled.data(), labelled.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
      {
        throw RegistryError(ErrorCode::InternalError, "OpenSSL cannot compute SHA-256");
      }
      std::string id;
      for (size_t i = 0; i < ID_BYTES; i++)
      {
        id += HEXADECIMAL[digest[i] >> DIGIT_BITS];
        id += HEXADECIMAL[digest[i] & 0x0f];
      }
      return id;
    }

    [[noreturn]] void Throw(const std::string& option, const std::string& problem)
    {
      throw RegistryError(ErrorCode::BadParameterType, "Configuration: \"" + option + "\" " + problem);
    }

    void WarnIfPublic(const std::string& path, const std::string& option)
    {
      std::error_code error;
      const auto permissions = std::filesystem::status(path, error).permissions();
      if (!error && (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none)
      {
        LogWarning("The key file \"" + path + "\" of the option \"" + option +
                   "\" can be read by everybody on this machine: restrict its permissions");
      }
    }
  }

  SecretKey::SecretKey(const std::string& bytes) : bytes_(), id_(ComputeId(bytes))
  {
    std::copy_n(bytes.begin(), SIZE, bytes_.begin());
  }

  SecretKey::~SecretKey()
  {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
  }

  SecretKey SecretKey::Parse(const std::string& text, const std::string& option)
  {
    const std::string_view trimmed = Trim(text);
    std::optional<std::string> bytes = DecodeHexadecimal(trimmed);
    if (!bytes)
    {
      bytes = DecodeBase64(trimmed);
    }
    if (!bytes)
    {
      Throw(option, "leads to something that is neither 64 hexadecimal digits nor base 64 of 32 bytes");
    }
    const Wiper wiper(*bytes);
    if (bytes->size() != SIZE)
    {
      Throw(option, "leads to a key of " + std::to_string(bytes->size()) +
                        " bytes, but AES-256 needs one of 32: make it with \"openssl rand -hex 32\"");
    }
    return SecretKey(*bytes);
  }

  SecretKey SecretKey::ReadFile(const std::string& path, const std::string& option)
  {
    std::ifstream file(path, std::ios::binary);
    std::string text(MAXIMUM_FILE + 1, '\0');
    const Wiper wiper(text);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.eof() && (!file || static_cast<size_t>(file.gcount()) > MAXIMUM_FILE))
    {
      Throw(option, "leads to the file \"" + path + "\", which " +
                        (file.gcount() == 0 ? "cannot be read" : "is too large for a key"));
    }
    WarnIfPublic(path, option);
    text.resize(static_cast<size_t>(file.gcount()));
    return Parse(text, option);
  }

  SecretKey SecretKey::ReadVariable(const std::string& name, const std::string& option)
  {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
    {
      Throw(option, "names the environment variable \"" + name + "\", which is not set");
    }
    std::string text(value);
    const Wiper wiper(text);
    return Parse(text, option);
  }
}
