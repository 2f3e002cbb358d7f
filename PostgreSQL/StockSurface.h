// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace OrthancRegistry
{
  // The version of the stock plugins that ours stand in for: clients look at it in /plugins to know which
  // routes and options there are. Our own version is in the descriptions.
  constexpr const char* STOCK_PLUGIN_VERSION = "10.3";
}
