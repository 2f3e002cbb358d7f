// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <json/value.h>

#include <string>

namespace OrthancRegistry::Testing
{
  inline void SetTag(Json::Value& dataset, const char* tag, const char* name, const std::string& value)
  {
    dataset[tag]["Name"] = name;
    dataset[tag]["Type"] = "String";
    dataset[tag]["Value"] = value;
  }

  // An answer of a modality in the full format
  inline Json::Value MakeStudyAnswer(int number)
  {
    Json::Value answer = Json::objectValue;
    SetTag(answer, "0008,0050", "AccessionNumber", "");
    SetTag(answer, "0008,0052", "QueryRetrieveLevel", "STUDY");
    SetTag(answer, "0010,0010", "PatientName", "Patient^\xc3\x89tienne");
    SetTag(answer, "0010,0020", "PatientID", "P" + std::to_string(number));
    SetTag(answer, "0020,000d", "StudyInstanceUID", "1.2." + std::to_string(number));
    return answer;
  }
}
