// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Jobs/JobValidation.h"

namespace OrthancRegistry::JobTags
{
  constexpr uint32_t PATIENT_ID = 0x00100020;
  constexpr uint32_t STUDY_INSTANCE_UID = 0x0020000d;
  constexpr uint32_t SERIES_INSTANCE_UID = 0x0020000e;
  constexpr uint32_t SOP_INSTANCE_UID = 0x00080018;

  // The tags that identify resources in the index
  bool IsIdentifier(uint32_t tag);

  // "0010,0020"
  std::string Format(uint32_t tag);

  // "PatientID", "0010,0020", "0010-0020" or "00100020". UnknownDicomTag if it is none.
  uint32_t Parse(ITagDictionary& dictionary, const std::string& name);

  struct Path
  {
    bool isNested = false; // within a sequence
    uint32_t tag = 0;      // the last one
  };

  // A tag, or a path of the core: "ReferencedSeriesSequence[0].(0008,1115)[*].PatientID". UnknownDicomTag or
  // ParameterOutOfRange if it is malformed.
  Path ParsePath(ITagDictionary& dictionary, const std::string& text);

  // True for the attributes of the modules "Patient" and "General Study" of DICOM (PS3.3, C.7.1.1 and
  // C.7.2.1), which a split may change.
  bool IsOfPatientOrStudyModule(uint32_t tag);
}
