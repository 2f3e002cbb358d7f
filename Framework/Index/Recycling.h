// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IIndexDialect.h"

namespace OrthancRegistry::Recycling
{
  bool IsProtected(IndexTransaction& t, int64_t patient);                    // IS_PROTECTED_PATIENT
  void SetProtected(IndexTransaction& t, int64_t patient, bool isProtected); // SET_PROTECTED_PATIENT

  // The least recently touched patient that is not protected and not "avoid".
  // SELECT_PATIENT_TO_RECYCLE, SELECT_PATIENT_TO_RECYCLE_WITH_AVOID
  std::optional<int64_t> SelectPatient(IndexTransaction& t, const std::optional<int64_t>& avoid);
}
