// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Configuration.h"
#include "PostgreSQL/PostgreSQLParameters.h"

namespace OrthancRegistry
{
  // The options about encryption of the section "PostgreSQL": "SslMode", "SslRootCertificate",
  // "SslCertificate" and "SslKey", and "EnableSsl" of the stock plugin. Adds what they say to the parameters,
  // unless these come from a URI that says otherwise, and lines for the log to the warnings: options without
  // effect, a connection that somebody between the two machines could read, or answer instead of the
  // database. RegistryError that names the option if a value or a file cannot be used.
  void ReadTls(PostgreSQLParameters& parameters, std::vector<std::string>& warnings,
               ConfigurationSection& section, bool isUri);

  // The part of "host" and "hostaddr" that is reached over the network, separated by commas; "" if none.
  std::string GetRemoteHosts(const PostgreSQLParameters& parameters);
}
