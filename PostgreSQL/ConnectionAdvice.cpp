// SPDX-License-Identifier: GPL-3.0-or-later
#include "PostgreSQL/ConnectionAdvice.h"

#include <array>

namespace OrthancRegistry
{
  namespace
  {
    struct Advice
    {
      std::string_view symptom; // libpq has no codes for these
      std::string_view text;
    };

    constexpr std::array<Advice, 9> ADVICES = {{
        {"does not match host name", "\"PostgreSQL.Host\" must be a name that the certificate of the server "
                                     "contains, or the server needs "
                                     "a certificate for that name."},
        {"certificate verify failed",
         "The certificate of the server was not signed by an authority in \"PostgreSQL.SslRootCertificate\", "
         "or it is not valid today: check that this file belongs to this server."},
        {"root certificate file",
         "\"PostgreSQL.SslRootCertificate\" must name the certificate of the authority that has signed the "
         "one of the server."},
        {"does not support SSL",
         "Turn encryption on in the server (ssl = on in postgresql.conf), or set \"PostgreSQL.SslMode\" to "
         "\"disable\" if nobody can listen."},
        {"no encryption",
         "The server accepts this user only with encryption, or not at all: set \"PostgreSQL.SslMode\", or "
         "let it in (pg_hba.conf)."},
        {"private key file",
         "The file of \"PostgreSQL.SslKey\" must be readable by Orthanc and by nobody else."},
        {"certificate file", "Check \"PostgreSQL.SslCertificate\"."},
        {"password authentication failed",
         "Check \"PostgreSQL.Username\" and the password; a password file is read only when Orthanc starts."},
        {"no password supplied",
         "Give \"PostgreSQL.PasswordFile\", \"PostgreSQL.PasswordVariable\" or \"PostgreSQL.Password\"."},
    }};
  }

  std::string GetConnectionAdvice(std::string_view message)
  {
    for (const Advice& advice : ADVICES)
    {
      if (message.find(advice.symptom) != std::string_view::npos)
      {
        return ". " + std::string(advice.text);
      }
    }
    return "";
  }
}
