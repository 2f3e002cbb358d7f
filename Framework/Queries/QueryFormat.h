// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Index/IndexTypes.h"

#include <json/value.h>

// DICOM datasets as JSON, in the three formats of Orthanc
namespace OrthancRegistry
{
  enum class DicomFormat
  {
    Full,  // {"0010,0020": {"Name": "PatientID", "Type": "String", "Value": "x"}}
    Short, // {"0010,0020": "x"}
    Simple // {"PatientID": "x"}
  };

  // From the full format to another one
  Json::Value FormatDataset(const Json::Value& full, DicomFormat format);

  // The value of a tag ("0010,0020") of a dataset in the full format, null if it is absent or no string
  const Json::Value& FindString(const Json::Value& full, const char* tag);

  // The list "Query" in the content of a job that retrieves, which is in the short format, in another one. It
  // holds identifiers only, whose names are known here.
  Json::Value FormatRetrieved(const Json::Value& queries, DicomFormat format);

  const char* GetLevelName(ResourceLevel level); // "Patient", ...
}
