// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/PeerFormat.h"

#include "Framework/Directory/DirectoryFormat.h"
#include "Framework/Directory/FormatFields.h"

#include <algorithm>
#include <array>

namespace OrthancRegistry::PeerFormat
{
  using namespace FormatFields;

  namespace
  {
    constexpr const char* URL = "Url";
    constexpr const char* OTHER_URL = "URL"; // the same, if the other is absent or empty
    constexpr const char* USERNAME = "Username";
    constexpr const char* PASSWORD = "Password";
    constexpr const char* CERTIFICATE_FILE = "CertificateFile";
    constexpr const char* CERTIFICATE_KEY_FILE = "CertificateKeyFile";
    constexpr const char* CERTIFICATE_KEY_PASSWORD = "CertificateKeyPassword";
    constexpr const char* PKCS11 = "Pkcs11";
    constexpr const char* TIMEOUT = "Timeout";
    constexpr const char* HTTP_HEADERS = "HttpHeaders";
    constexpr const char* URL_USER = "UrlUser"; // of the secrets
    constexpr std::array<const char*, 10> RESERVED = {URL,
                                                      OTHER_URL,
                                                      USERNAME,
                                                      PASSWORD,
                                                      CERTIFICATE_FILE,
                                                      CERTIFICATE_KEY_FILE,
                                                      CERTIFICATE_KEY_PASSWORD,
                                                      PKCS11,
                                                      TIMEOUT,
                                                      HTTP_HEADERS};

    constexpr std::string_view SCHEME_END = "://";

    bool IsReserved(const std::string& member)
    {
      return std::ranges::find(RESERVED, member) != RESERVED.end();
    }

    bool IsSupportedUrl(const std::string& url)
    {
      return !url.empty() && (url.find(SCHEME_END) == std::string::npos || url.starts_with("http://") ||
                              url.starts_with("https://"));
    }

    size_t FindSchemeEnd(const std::string& url)
    {
      const size_t end = url.find(SCHEME_END);
      return end == std::string::npos ? 0 : end + SCHEME_END.size();
    }

    // [url] or [url, user, password]
    Json::Value ExpandArray(const Json::Value& saved)
    {
      Check(saved.size() == 1 || saved.size() == 3, "number of elements");
      Json::Value object(Json::objectValue);
      object[URL] = saved[0];
      if (saved.size() == 3)
      {
        object[USERNAME] = saved[1];
        object[PASSWORD] = saved[2];
      }
      return object;
    }

    // Everything before the last "@" is taken for secret: a password may hold any character.
    void ParseUrl(Json::Value& configuration, Json::Value& secrets, const Json::Value& peer)
    {
      std::string url = GetString(peer, URL, "");
      if (url.empty())
      {
        url = GetString(peer, OTHER_URL, "");
      }
      Check(IsSupportedUrl(url), URL);
      if (!url.ends_with('/'))
      {
        url += '/';
      }
      const size_t begin = FindSchemeEnd(url);
      const size_t user = url.rfind('@');
      if (user != std::string::npos && user >= begin)
      {
        secrets[URL_USER] = url.substr(begin, user - begin);
        url.erase(begin, user + 1 - begin);
      }
      configuration[URL] = url;
    }

    void ParseCredentials(Json::Value& configuration, Json::Value& secrets, const Json::Value& peer)
    {
      const std::string user = GetString(peer, USERNAME, "");
      const std::string password = GetString(peer, PASSWORD, "");
      Check(!user.empty() || password.empty(), "user name, which is absent although there is a password");
      if (!user.empty())
      {
        configuration[USERNAME] = user;
      }
      if (!password.empty())
      {
        secrets[PASSWORD] = password;
      }
    }

    // Without a certificate, the core forgets the key of it.
    void ParseCertificate(Json::Value& configuration, Json::Value& secrets, const Json::Value& peer)
    {
      const std::string certificate = GetString(peer, CERTIFICATE_FILE, "");
      if (certificate.empty())
      {
        return;
      }
      configuration[CERTIFICATE_FILE] = certificate;
      const std::string key = GetString(peer, CERTIFICATE_KEY_FILE, "");
      const std::string password = GetString(peer, CERTIFICATE_KEY_PASSWORD, "");
      if (!key.empty())
      {
        configuration[CERTIFICATE_KEY_FILE] = key;
      }
      if (!password.empty())
      {
        secrets[CERTIFICATE_KEY_PASSWORD] = password;
      }
    }

    void ParseHeaders(Json::Value& configuration, Json::Value& secrets, const Json::Value& peer)
    {
      configuration[HTTP_HEADERS] = Json::arrayValue;
      if (!peer.isMember(HTTP_HEADERS))
      {
        return;
      }
      const Json::Value& headers = peer[HTTP_HEADERS];
      Check(headers.isObject(), HTTP_HEADERS);
      for (const std::string& name : headers.getMemberNames())
      {
        Check(headers[name].isString(), HTTP_HEADERS);
        configuration[HTTP_HEADERS].append(name);
        secrets[HTTP_HEADERS][name] = headers[name];
      }
    }

    std::string ParseUserProperty(const std::string& name, const Json::Value& value)
    {
      if (value.isBool())
      {
        return value.asBool() ? "1" : "0";
      }
      Check(value.isString() || value.isNumeric(), "member \"" + name + "\"");
      return value.asString();
    }

    std::string GetSecret(const Json::Value& secrets, const char* member)
    {
      return secrets[member].isString() ? secrets[member].asString() : "";
    }

    Json::Value ParseSecrets(const DirectoryValue& value)
    {
      return value.secrets.empty() ? Json::Value(Json::objectValue) : ParseObject(value.secrets);
    }

    void PutUrlUser(Json::Value& object, const std::string& user)
    {
      std::string url = object[URL].isString() ? object[URL].asString() : "";
      url.insert(FindSchemeEnd(url), user + "@");
      object[URL] = url;
    }

    // The secrets as they are, or what stands for them
    Json::Value Compose(const DirectoryValue& value, const Json::Value& secrets)
    {
      Json::Value object = ParseObject(value.configuration);
      if (secrets.isMember(URL_USER))
      {
        PutUrlUser(object, GetSecret(secrets, URL_USER));
      }
      if (object.isMember(USERNAME) || secrets.isMember(PASSWORD))
      {
        object[PASSWORD] = GetSecret(secrets, PASSWORD);
      }
      if (secrets.isMember(CERTIFICATE_KEY_PASSWORD))
      {
        object[CERTIFICATE_KEY_PASSWORD] = GetSecret(secrets, CERTIFICATE_KEY_PASSWORD);
      }
      object[HTTP_HEADERS] =
          secrets[HTTP_HEADERS].isObject() ? secrets[HTTP_HEADERS] : Json::Value(Json::objectValue);
      return object;
    }

    bool IsObjectOfStrings(const Json::Value& value)
    {
      return value.isObject() && std::all_of(value.begin(), value.end(),
                                             [](const Json::Value& member)
                                             {
                                               return member.isString();
                                             });
    }

    bool IsLoadableMember(const std::string& name, const Json::Value& value)
    {
      if (name == PKCS11)
      {
        return value.isBool();
      }
      if (name == TIMEOUT)
      {
        return IsUnsigned32(value);
      }
      if (name == HTTP_HEADERS)
      {
        return IsObjectOfStrings(value);
      }
      // Files may be absent on another replica.
      return value.isString() && name != CERTIFICATE_FILE && name != CERTIFICATE_KEY_FILE &&
             name != CERTIFICATE_KEY_PASSWORD && name != OTHER_URL;
    }
  }

  DirectoryValue Parse(const Json::Value& saved)
  {
    Check(saved.isArray() || saved.isObject(), "JSON type");
    const Json::Value peer = saved.isArray() ? ExpandArray(saved) : saved;
    Json::Value configuration(Json::objectValue);
    Json::Value secrets(Json::objectValue);
    ParseUrl(configuration, secrets, peer);
    ParseCredentials(configuration, secrets, peer);
    ParseCertificate(configuration, secrets, peer);
    configuration[PKCS11] = GetBoolean(peer, PKCS11, false);
    configuration[TIMEOUT] = GetUnsigned32(peer, TIMEOUT);
    ParseHeaders(configuration, secrets, peer);
    for (const std::string& name : peer.getMemberNames())
    {
      if (!IsReserved(name))
      {
        configuration[name] = ParseUserProperty(name, peer[name]);
      }
    }
    return {WriteStorable(configuration), secrets.empty() ? "" : WriteStorable(secrets)};
  }

  Json::Value Format(const DirectoryValue& value)
  {
    return Compose(value, ParseSecrets(value));
  }

  Json::Value Mask(const DirectoryValue& value)
  {
    Json::Value masked = ParseSecrets(value);
    for (Json::Value& secret : masked)
    {
      if (secret.isObject())
      {
        std::fill(secret.begin(), secret.end(), Json::Value(DirectoryFormat::MASK));
      }
      else
      {
        secret = DirectoryFormat::MASK;
      }
    }
    return Compose(value, masked);
  }

  bool IsSurelyLoadable(const Json::Value& formatted)
  {
    const Json::Value& url = formatted[URL];
    const bool hasUser = formatted[USERNAME].isString() && !formatted[USERNAME].asString().empty();
    const bool hasPassword = formatted[PASSWORD].isString() && !formatted[PASSWORD].asString().empty();
    return url.isString() && IsSupportedUrl(url.asString()) && (hasUser || !hasPassword) &&
           std::ranges::all_of(formatted.getMemberNames(),
                               [&formatted](const std::string& name)
                               {
                                 return IsLoadableMember(name, formatted[name]);
                               });
  }
}
