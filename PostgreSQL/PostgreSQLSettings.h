// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace OrthancRegistry::PostgreSQLSettings
{
  // What this project asks of a session, or of a transaction. Parameters: the schema, and whether they are to
  // end with the transaction.
  constexpr const char* STATEMENT = "SELECT set_config('search_path', quote_ident($1), l.isLocal),"
                                    " set_config('lock_timeout', '30s', l.isLocal),"
                                    " set_config('statement_timeout', '10min', l.isLocal),"
                                    " set_config('idle_in_transaction_session_timeout', '5min', l.isLocal)"
                                    " FROM (SELECT CAST($2 AS BOOLEAN) AS isLocal) l";
}
