// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "PostgreSQL/PostgreSQLConnection.h"
#include "UnitTests/PostgreSQL/TestServer.h"

#include <gtest/gtest.h>

#include <memory>

namespace OrthancRegistry::Testing
{
  namespace
  {
    // One server for all tests, with a certificate for the name "localhost", that asks the user "certified"
    // for a certificate and the user "guarded" for a password.
    class PostgreSQLTls : public testing::Test
    {
    protected:
      static inline std::unique_ptr<TestServer> server_;

      static void SetUpTestSuite()
      {
        server_ = std::make_unique<TestServer>();
        MakeAuthority("authority");
        MakeAuthority("stranger");
        MakeCertificate("server", "localhost", "subjectAltName=DNS:localhost");
        MakeCertificate("client", "certified", "extendedKeyUsage=clientAuth");
        server_->GetFolder().Write("password", "pass word\n");
        server_->Configure("ssl = on");
        server_->Configure("ssl_cert_file = '" + GetPath("server.crt") + "'");
        server_->Configure("ssl_key_file = '" + GetPath("server.key") + "'");
        server_->Configure("ssl_ca_file = '" + GetPath("authority.crt") + "'");
        server_->Allow("host all guarded 127.0.0.1/32 scram-sha-256");
        server_->Allow("hostnossl all certified 127.0.0.1/32 reject");
        server_->Allow("hostssl all certified 127.0.0.1/32 cert");
        server_->Start();
        const PostgreSQLConnection connection(Read("").parameters);
        connection.Execute("CREATE ROLE certified LOGIN", {});
        connection.Execute("CREATE ROLE guarded LOGIN PASSWORD 'pass word'", {});
      }

      static void TearDownTestSuite()
      {
        server_.reset();
      }

      static std::string GetPath(const std::string& name)
      {
        return server_->GetFolder().GetPath() / name;
      }

      static std::string Option(const std::string& name, const std::string& file)
      {
        return ",\"" + name + "\":\"" + GetPath(file) + "\"";
      }

      // "options" begins with a comma.
      static PostgreSQLConfiguration Read(const std::string& options, const std::string& host = "localhost",
                                          const std::string& user = "registry")
      {
        return PostgreSQLConfiguration::Read(
            ParseJson("{\"PostgreSQL\":{\"EnableIndex\":true,\"Database\":\"postgres\",\"Host\":\"" + host +
                      "\",\"Username\":\"" + user + "\",\"Port\":" + std::to_string(server_->GetPort()) +
                      options + "}}"));
      }

      // "encrypted", "plain", or the message of the failure
      static std::string Connect(const PostgreSQLConfiguration& configuration)
      {
        try
        {
          const PostgreSQLConnection connection(configuration.parameters);
          return PQsslInUse(connection.Get()) != 0 ? "encrypted" : "plain";
        }
        catch (const RegistryError& error)
        {
          return error.what();
        }
      }

      static bool Says(const std::string& message, const std::string& part)
      {
        return message.find(part) != std::string::npos;
      }

    private:
      static void MakeAuthority(const std::string& name)
      {
        RunAsDatabaseUser("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                          "-subj /CN=" +
                          name + " -keyout " + GetPath(name + ".key") + " -out " + GetPath(name + ".crt"));
      }

      static void MakeCertificate(const std::string& file, const std::string& name,
                                  const std::string& extension)
      {
        server_->GetFolder().Write(file + ".ext", extension);
        RunAsDatabaseUser("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
                          " -keyout " + GetPath(file + ".key") + " -out " + GetPath(file + ".csr"));
        RunAsDatabaseUser("openssl x509 -req -days 2 -CAcreateserial -in " + GetPath(file + ".csr") +
                          " -CA " + GetPath("authority.crt") + " -CAkey " + GetPath("authority.key") +
                          " -extfile " + GetPath(file + ".ext") + " -out " + GetPath(file + ".crt"));
      }
    };

    TEST_F(PostgreSQLTls, ModesAreThoseOfLibpq)
    {
      EXPECT_EQ(Connect(Read("")), "plain");
      EXPECT_EQ(Connect(Read(R"(,"EnableSsl":true)")), "encrypted");
      EXPECT_EQ(Connect(Read(R"(,"SslMode":"disable")")), "plain");
      EXPECT_EQ(Connect(Read(R"(,"SslMode":"prefer")")), "encrypted");
      EXPECT_EQ(Connect(Read(R"(,"SslMode":"require")")), "encrypted");
    }

    TEST_F(PostgreSQLTls, VerifiesAuthorityAndName)
    {
      const std::string full = R"(,"SslMode":"verify-full")";
      const std::string right = Option("SslRootCertificate", "authority.crt");
      const std::string wrong = Option("SslRootCertificate", "stranger.crt");
      EXPECT_EQ(Connect(Read(full + right)), "encrypted");
      EXPECT_EQ(Connect(Read(R"(,"SslMode":"verify-ca")" + right, "127.0.0.1")), "encrypted");

      const std::string name = Connect(Read(full + right, "127.0.0.1"));
      EXPECT_TRUE(Says(name, "\"PostgreSQL.Host\" must be a name that the certificate")) << name;
      for (const char* mode : {R"(,"SslMode":"verify-full")", R"(,"SslMode":"verify-ca")",
                               R"(,"SslMode":"require")", R"(,"EnableSsl":true)"})
      {
        const std::string authority = Connect(Read(mode + wrong));
        EXPECT_TRUE(Says(authority, "an authority in \"PostgreSQL.SslRootCertificate\"")) << authority;
      }
    }

    TEST_F(PostgreSQLTls, ShowsItsOwnCertificate)
    {
      const std::string full = R"(,"SslMode":"verify-full")" + Option("SslRootCertificate", "authority.crt");
      const std::string own = Option("SslCertificate", "client.crt") + Option("SslKey", "client.key");
      EXPECT_EQ(Connect(Read(full + own, "localhost", "certified")), "encrypted");
      EXPECT_TRUE(Says(Connect(Read(full, "localhost", "certified")), "certificate"));
      const std::string plain = Connect(Read("", "localhost", "certified"));
      EXPECT_TRUE(Says(plain, "set \"PostgreSQL.SslMode\"")) << plain;
    }

    TEST_F(PostgreSQLTls, CompletesTheUri)
    {
      const std::string path = "localhost:" + std::to_string(server_->GetPort()) + "/postgres";
      const std::string uri = R"(,"ConnectionUri":"postgresql://registry@)" + path;
      const std::string wrong = Option("SslRootCertificate", "stranger.crt");
      const auto filled = Read(uri + "\",\"SslMode\":\"verify-full\"" + wrong);
      EXPECT_TRUE(Says(Connect(filled), "an authority in"));
      EXPECT_TRUE(filled.warnings.empty());

      const auto overruled = Read(uri + "?sslmode=verify-full&sslrootcert=" + GetPath("authority.crt") +
                                  "\",\"SslMode\":\"disable\"" + wrong);
      EXPECT_EQ(Connect(overruled), "encrypted");
      EXPECT_EQ(overruled.warnings.size(), 2u);

      const std::string guarded = R"(,"ConnectionUri":"postgresql://guarded@)" + path + "\"";
      EXPECT_EQ(Connect(Read(guarded + Option("PasswordFile", "password"))), "encrypted");
      EXPECT_TRUE(Says(Connect(Read(guarded + ",\"Password\":\"pass word\"")), "PasswordFile"));
    }

    TEST_F(PostgreSQLTls, ReadsThePasswordOfAFile)
    {
      EXPECT_EQ(Connect(Read(Option("PasswordFile", "password"), "localhost", "guarded")), "plain");
      const std::string wrong = Connect(Read(R"(,"Password":"no word")", "localhost", "guarded"));
      EXPECT_TRUE(Says(wrong, "Check \"PostgreSQL.Username\"")) << wrong;
      EXPECT_FALSE(Says(wrong, "no word"));
    }
  }
}
