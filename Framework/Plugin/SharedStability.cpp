// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Plugin/SharedStability.h"

namespace OrthancRegistry
{
  SharedStability::SharedStability(const StabilityConfiguration& configuration)
      : times_(configuration), tracker_(std::make_shared<StabilityTracker>(times_)),
        observer_(times_, tracker_)
  {
  }

  SharedStability::~SharedStability()
  {
    Close();
  }

  std::vector<std::string_view> SharedStability::GetComponents() const
  {
    return {"Stability"};
  }

  void SharedStability::Open(const PartContext& context)
  {
    bus_ = context.hub.MakeChannel();
    tracker_->SetIdlePeriod(context.questions.GetLookInterval(StabilityTracker::IDLE_PERIOD));
    question_ = context.questions.Ask({UnstableTable::GetQuestion(), [this](std::optional<int64_t> resource)
                                       {
                                         if (resource)
                                         {
                                           tracker_->OnAnyUnstable();
                                         }
                                       }});
    service_ =
        std::make_unique<StabilityService>(times_, tracker_, context.database, context.dialect, *bus_, core_);
  }

  void SharedStability::Start()
  {
    service_->Start();
  }

  void SharedStability::Stop()
  {
    service_->Stop();
  }

  void SharedStability::Close()
  {
    question_.reset();
    service_.reset();
    bus_.reset();
  }

  void SharedStability::OnChange(OrthancPluginChangeType /*type*/, const char* /*resourceId*/)
  {
  }
}
