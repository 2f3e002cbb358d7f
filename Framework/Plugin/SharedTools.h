// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Plugin/CommitmentHandler.h"
#include "Framework/Plugin/CoreCaller.h"
#include "Framework/Plugin/IPluginPart.h"
#include "Framework/Plugin/RestEdge.h"
#include "Framework/Plugin/ToolsHandler.h"

namespace OrthancRegistry
{
  // What lives in the memory of each core, and is reached by calls from replica to replica: the settings of
  // the processes (/cluster/tools) and storage commitment reports. Needs the shared jobs, which tell who is
  // alive.
  class SharedTools : public IPluginPart
  {
  public:
    explicit SharedTools(const JobsOptions& options);
    ~SharedTools() override;

    std::vector<std::string_view> GetComponents() const override;
    void Open(const PartContext& context) override;
    void Start() override;
    void Stop() override;
    void Close() override;
    void OnChange(OrthancPluginChangeType type, const char* resourceId) override;

  private:
    JobsOptions options_;
    RestEdge<ToolsHandler> tools_;
    RestEdge<CommitmentHandler> commitments_;
    CoreCaller core_;
    std::unique_ptr<IMessageBus> bus_;
    std::unique_ptr<ReplicaCalls> calls_;
    std::shared_ptr<PulseQuestions::Asked> question_;
  };
}
