// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Queries/QueryFormat.h"

#include "Framework/Common/Json.h"
#include "UnitTests/Queries/Datasets.h"

#include <gtest/gtest.h>

namespace OrthancRegistry::Testing
{
  TEST(QueryFormat, AllKindsOfValues)
  {
    const Json::Value full = ParseJson(R"({
      "0008,0005": {"Name": "SpecificCharacterSet", "Type": "String", "Value": "ISO_IR 100"},
      "0008,0050": {"Name": "AccessionNumber", "Type": "Null", "Value": null},
      "0008,1110": {"Name": "ReferencedStudySequence", "Type": "Sequence", "Value": [
        {"0008,1155": {"Name": "ReferencedSOPInstanceUID", "Type": "String", "Value": "1.2"},
         "0009,1001": {"Name": "Secret", "Type": "Binary", "Value": "data:,x"},
         "0040,a730": {"Name": "ContentSequence", "Type": "Sequence", "Value": [{}]}}]},
      "0010,0010": {"Name": "PatientName", "Type": "TooLong", "Value": null}})");
    EXPECT_EQ(full, FormatDataset(full, DicomFormat::Full));
    EXPECT_EQ(ParseJson(R"({"0008,0005": "ISO_IR 100", "0008,0050": null, "0008,1110": [
        {"0008,1155": "1.2", "0009,1001": null, "0040,a730": [{}]}], "0010,0010": null})"),
              FormatDataset(full, DicomFormat::Short));
    EXPECT_EQ(ParseJson(R"({"SpecificCharacterSet": "ISO_IR 100", "AccessionNumber": null,
        "ReferencedStudySequence": [{"ReferencedSOPInstanceUID": "1.2", "Secret": null,
        "ContentSequence": [{}]}], "PatientName": null})"),
              FormatDataset(full, DicomFormat::Simple));
  }

  TEST(QueryFormat, LastOfTheTagsWithoutNameWins)
  {
    Json::Value full = Json::objectValue;
    SetTag(full, "0009,1001", "Unknown Tag & Data", "a");
    SetTag(full, "0009,1002", "Unknown Tag & Data", "b");
    EXPECT_EQ(ParseJson(R"({"Unknown Tag & Data": "b"})"), FormatDataset(full, DicomFormat::Simple));
  }

  TEST(QueryFormat, EmptyDataset)
  {
    for (const auto format : {DicomFormat::Full, DicomFormat::Short, DicomFormat::Simple})
    {
      EXPECT_EQ(Json::Value(Json::objectValue), FormatDataset(Json::objectValue, format));
    }
  }

  TEST(QueryFormat, RetrievedIdentifiers)
  {
    const Json::Value queries =
        ParseJson(R"([{"0008,0050": "", "0008,0052": "STUDY", "0010,0020": "P", "0020,000d": "1.2"}])");
    EXPECT_EQ(ParseJson(R"([{"AccessionNumber": "", "QueryRetrieveLevel": "STUDY", "PatientID": "P",
        "StudyInstanceUID": "1.2"}])"),
              FormatRetrieved(queries, DicomFormat::Simple));
    const Json::Value full = FormatRetrieved(queries, DicomFormat::Full);
    EXPECT_EQ(ParseJson(R"({"Name": "PatientID", "Type": "String", "Value": "P"})"), full[0]["0010,0020"]);
    EXPECT_EQ(queries, FormatRetrieved(queries, DicomFormat::Short));
  }
}
