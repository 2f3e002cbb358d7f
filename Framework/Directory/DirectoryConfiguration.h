// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace OrthancRegistry
{
  // How modalities and peers are shared
  struct DirectoryConfiguration
  {
    bool areModalitiesShared =
        false;                   // "DicomModalitiesInDatabase" of the core and "Registry.EnableModalities"
    bool arePeersShared = false; // "OrthancPeersInDatabase" of the core and "Registry.EnablePeers"
    bool isFrozen = false;       // changes are refused
    bool isReadOnly = false;     // option "ReadOnly" of the core: nothing is written, the core saves nothing
    bool isFileImported = false; // the lists of the configuration file, into a list that was never used
    unsigned int patienceMilliseconds = 1000; // longest a request waits for the database
    unsigned int historySize = 10000;         // changes remembered; 0 = no limit

    // The key of the secrets of peers: at most one of file and variable of the environment
    std::string keyFile;
    std::string keyVariable;
    std::vector<std::string> oldKeyFiles; // still readable while the key is changed
  };
}
