// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Jobs/JobValidation.h"

#include "Framework/Common/Errors.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    // One letter, repeated in the form of an identifier
    std::string Id(char letter)
    {
      const std::string group(8, letter);
      return group + "-" + group + "-" + group + "-" + group + "-" + group;
    }

    // Replaces each <x> by Id('x'), so that the tables below remain readable.
    std::string Expand(const std::string& text)
    {
      std::string result;
      for (size_t i = 0; i < text.size(); i++)
      {
        if (text[i] == '<' && i + 2 < text.size() && text[i + 2] == '>')
        {
          result += Id(text[i + 1]);
          i += 2;
        }
        else
        {
          result += text[i];
        }
      }
      return result;
    }

    // Patient p; study s (series a with instance i, series b with instance j); study t (series c, instance k)
    class FakeIndex : public IResourceLookup
    {
    public:
      std::map<std::string, IndexedResource> Find(const std::vector<std::string>& publicIds) override
      {
        const std::map<std::string, IndexedResource> all = {
            {Id('p'), {ResourceLevel::Patient, ""}},       {Id('s'), {ResourceLevel::Study, Id('p')}},
            {Id('t'), {ResourceLevel::Study, Id('p')}},    {Id('a'), {ResourceLevel::Series, Id('s')}},
            {Id('b'), {ResourceLevel::Series, Id('s')}},   {Id('c'), {ResourceLevel::Series, Id('t')}},
            {Id('i'), {ResourceLevel::Instance, Id('a')}}, {Id('j'), {ResourceLevel::Instance, Id('b')}},
            {Id('k'), {ResourceLevel::Instance, Id('c')}}};
        std::map<std::string, IndexedResource> found;
        for (const auto& id : publicIds)
        {
          if (all.contains(id))
          {
            found[id] = all.at(id);
          }
        }
        return found;
      }

      std::optional<IndexedPatient> FindPatientOfStudy(const std::string& study) override
      {
        return study == Id('s') || study == Id('t') ? FindPatient("P") : std::nullopt;
      }

      std::optional<IndexedPatient> FindPatient(const std::string& patientId) override
      {
        if (patientId == "P")
        {
          return IndexedPatient{{{0x00100020, "P"}, {0x00100010, "Name"}, {0x00100030, ""}},
                                {Id('s'), Id('t')}};
        }
        if (patientId == "Single")
        {
          return IndexedPatient{{{0x00100020, "Single"}}, {Id('u')}};
        }
        return std::nullopt;
      }
    };

    class FakeCore : public ICoreDirectory, public ITagDictionary
    {
    public:
      bool HasModality(const std::string& name) override
      {
        return name == "pacs";
      }

      bool HasPeer(const std::string& name) override
      {
        return name == "other";
      }

      std::optional<uint32_t> Find(const std::string& name) override
      {
        const std::map<std::string, uint32_t> TAGS = {{"PatientID", 0x00100020},
                                                      {"PatientName", 0x00100010},
                                                      {"StudyInstanceUID", 0x0020000d},
                                                      {"SeriesInstanceUID", 0x0020000e},
                                                      {"SOPInstanceUID", 0x00080018},
                                                      {"StudyDescription", 0x00081030},
                                                      {"InstitutionName", 0x00080080},
                                                      {"PatientSex", 0x00100040},
                                                      {"RequestAttributesSequence", 0x00400275}};
        const auto found = TAGS.find(name);
        return found == TAGS.end() ? std::nullopt : std::make_optional(found->second);
      }
    };

    struct Case
    {
      const char* path;
      const char* body;
      ErrorCode expected;
    };

    class JobValidation : public testing::Test
    {
    protected:
      CheckedJob Check(const std::string& path, const std::string& body, bool overwriteInstances = true)
      {
        auto route = ParseJobRoute(Expand(path));
        if (!route)
        {
          route = path == "/plugin" ? JobRoute{JobRouteKind::Plugin, ResourceLevel::Study, "", ""}
                                    : ParseArchiveRoute(Expand(path));
        }
        if (!route)
        {
          throw std::runtime_error("No route: " + path);
        }
        return JobValidator(index_, core_, core_, {overwriteInstances, true}).Check(*route, Expand(body));
      }

      ErrorCode GetCode(const std::string& path, const std::string& body, bool overwriteInstances = true)
      {
        try
        {
          Check(path, body, overwriteInstances);
          return ErrorCode::Success;
        }
        catch (const RegistryError& error)
        {
          return error.GetCode();
        }
      }

      template <size_t Size>
      void CheckAll(const Case (&cases)[Size])
      {
        for (const auto& item : cases)
        {
          EXPECT_EQ(item.expected, GetCode(item.path, item.body)) << item.path << " " << item.body;
        }
      }

      FakeIndex index_;
      FakeCore core_;
    };

    constexpr ErrorCode OK = ErrorCode::Success;
    constexpr ErrorCode FORMAT = ErrorCode::BadFileFormat;
    constexpr ErrorCode REQUEST = ErrorCode::BadRequest;
    constexpr ErrorCode RANGE = ErrorCode::ParameterOutOfRange;
    constexpr ErrorCode UNKNOWN = ErrorCode::UnknownResource;
    constexpr ErrorCode TAG = ErrorCode::UnknownDicomTag;
  }

  TEST_F(JobValidation, CommonFields)
  {
    const Case CASES[] = {
        {"/studies/<s>/anonymize", "{}", OK},
        {"/studies/<s>/anonymize", "", FORMAT},
        {"/studies/<s>/anonymize", "nonsense", FORMAT},
        {"/studies/<s>/anonymize", "[]", FORMAT},
        {"/studies/<s>/anonymize", "\"text\"", FORMAT},
        {"/studies/<s>/anonymize", R"({"Synchronous": 1})", FORMAT},
        {"/studies/<s>/anonymize", R"({"Asynchronous": "true"})", FORMAT},
        {"/studies/<s>/anonymize", R"({"Synchronous": true, "Asynchronous": "ignored"})", OK},
        {"/studies/<s>/anonymize", R"({"Permissive": 0})", FORMAT},
        {"/studies/<s>/anonymize", R"({"Priority": "high"})", FORMAT},
        {"/studies/<s>/anonymize", R"({"Priority": 1.5})", FORMAT},
        {"/studies/<s>/anonymize", R"({"Priority": 99999999999})", ErrorCode::BadParameterType},
        {"/studies/<s>/anonymize", R"({"Priority": -99999999999})", OK},
        {"/studies/<s>/anonymize", R"({"Priority": -4, "Permissive": true, "UserData": [1]})", OK},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, SynchronousByDefault)
  {
    EXPECT_TRUE(Check("/studies/<s>/anonymize", "{}").isSynchronous);
    EXPECT_FALSE(Check("/studies/<s>/anonymize", R"({"Asynchronous": true})").isSynchronous);
    EXPECT_TRUE(Check("/studies/<s>/anonymize", R"({"Asynchronous": false})").isSynchronous);
    EXPECT_FALSE(Check("/studies/<s>/anonymize", R"({"Synchronous": false})").isSynchronous);
    EXPECT_TRUE(
        Check("/studies/<s>/anonymize", R"({"Synchronous": true, "Asynchronous": true})").isSynchronous);
    EXPECT_TRUE(Check("/modalities/pacs/store", "<s>").isSynchronous);

    const CheckedJob job = Check("/studies/<s>/anonymize", R"({"Priority": 7, "UserData": {"a": 1}})");
    EXPECT_EQ(7, job.priority);
    EXPECT_EQ(1, job.userData["a"].asInt());
    EXPECT_TRUE(Check("/studies/<s>/anonymize", "{}").userData.isNull());
  }

  TEST_F(JobValidation, ModifyShapes)
  {
    const Case CASES[] = {
        {"/studies/<s>/modify", R"({"Replace": {"InstitutionName": "x"}})", OK},
        {"/studies/<x>/modify", R"({"Replace": {"PatientName": "x"}})", UNKNOWN},
        {"/studies/nothing/modify", "{}", UNKNOWN},
        {"/studies/<s>/modify", R"({"Replace": ["PatientName"]})", REQUEST},
        {"/studies/<s>/modify", R"({"Remove": {"PatientName": "x"}})", REQUEST},
        {"/studies/<s>/modify", R"({"Remove": [1]})", REQUEST},
        {"/studies/<s>/modify", R"({"Keep": "PatientName"})", REQUEST},
        {"/studies/<s>/modify", R"({"Force": "yes"})", FORMAT},
        {"/studies/<s>/modify", R"({"RemovePrivateTags": 1})", FORMAT},
        {"/studies/<s>/modify", R"({"KeepPrivateTags": 1})", OK},
        {"/studies/<s>/modify", R"({"KeepLabels": 1})", FORMAT},
        {"/studies/<s>/modify", R"({"PrivateCreator": 1})", FORMAT},
        {"/studies/<s>/modify", R"({"KeepSource": 0})", FORMAT},
        {"/studies/<s>/modify", R"({"Transcode": 4})", FORMAT},
        {"/studies/<s>/modify", R"({"Transcode": "nope"})", FORMAT},
        {"/studies/<s>/modify", R"({"Transcode": "1.2.840.10008.1.2.1"})", OK},
        {"/studies/<s>/modify", R"({"Transcode": "1.2.840.10008.1.2.99"})", FORMAT},
        {"/studies/<s>/anonymize", R"({"KeepPrivateTags": 1})", FORMAT},
        {"/studies/<s>/anonymize", R"({"DicomVersion": 2008})", FORMAT},
        {"/studies/<s>/anonymize", R"({"DicomVersion": "2009"})", RANGE},
        {"/studies/<s>/anonymize", R"({"DicomVersion": "2008"})", OK},
        // The body is checked before the resource, and the resource before the common fields
        {"/studies/<x>/modify", R"({"Force": 1})", FORMAT},
        {"/studies/<x>/modify", R"({"Priority": "high"})", UNKNOWN},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Tags)
  {
    const Case CASES[] = {
        {"/studies/<s>/modify", R"_({"Remove": ["0010,0010", "0010-0010", "00100010", "(0010,0010)"]})_", OK},
        {"/studies/<s>/modify", R"({"Remove": ["PatientNam"]})", TAG},
        {"/studies/<s>/modify", R"({"Remove": ["0010,00"]})", TAG},
        {"/studies/<s>/modify", R"_({"Remove": ["(PatientName)"]})_", TAG},
        {"/studies/<s>/modify", R"({"Remove": [""]})", TAG},
        {"/studies/<s>/modify", R"({"Replace": {"Unknown": "x"}})", TAG},
        {"/studies/<s>/modify", R"({"Replace": {"RequestAttributesSequence": []}})", OK},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence[0].PatientID"]})", OK},
        {"/studies/<s>/modify", R"({"Remove": ["(0040,0275)[ * ].0008,0080[1].PatientName"]})", OK},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence.PatientID"]})", RANGE},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence[0.PatientID"]})", RANGE},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence[-1].PatientID"]})", RANGE},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence[x].PatientID"]})", RANGE},
        {"/studies/<s>/modify", R"({"Remove": ["RequestAttributesSequence[+1].PatientID"]})", OK},
        {"/studies/<s>/modify", R"({"Remove": ["[0].PatientID"]})", RANGE},
        {"/studies/<s>/modify", R"({"Remove": ["Nothing[0].PatientID"]})", TAG},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, IdentifiersNeedForce)
  {
    for (const char* tag :
         {"PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "0020-000D"})
    {
      const std::string name(tag);
      for (const std::string& operation : {"\"Remove\": [\"" + name + "\"]", "\"Keep\": [\"" + name + "\"]",
                                           "\"Replace\": {\"" + name + "\": \"1\"}"})
      {
        SCOPED_TRACE(operation);
        EXPECT_EQ(REQUEST, GetCode("/studies/<s>/modify", "{" + operation + "}"));
        EXPECT_EQ(REQUEST, GetCode("/studies/<s>/anonymize", "{" + operation + "}"));
        EXPECT_EQ(OK, GetCode("/series/<a>/modify", "{\"Force\": true, " + operation + "}"));
      }
    }
  }

  TEST_F(JobValidation, ModificationInPlace)
  {
    const std::string keep =
        R"("Force": true, "Keep": ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])";
    EXPECT_EQ(OK, GetCode("/studies/<s>/modify", "{" + keep + "}"));
    EXPECT_EQ(REQUEST, GetCode("/studies/<s>/modify", "{" + keep + R"(, "KeepSource": false})"));
    EXPECT_EQ(REQUEST, GetCode("/studies/<s>/modify", "{" + keep + "}", false));
    EXPECT_EQ(OK, GetCode("/series/<a>/modify", "{" + keep + R"(, "KeepSource": false})"));
    EXPECT_EQ(REQUEST, GetCode("/series/<a>/anonymize", "{" + keep + R"(, "KeepSource": false})"));
    EXPECT_EQ(OK, GetCode("/patients/<p>/modify",
                          "{" + keep + R"(, "KeepSource": false, "Replace": {"PatientID": "new"}})"));
  }

  TEST_F(JobValidation, PatientTagsOfAStudy)
  {
    const Case CASES[] = {
        // The patient of study s has another study
        {"/studies/<s>/modify", R"({"Replace": {"PatientName": "Other"}})", REQUEST},
        {"/studies/<s>/modify", R"({"Replace": {"PatientName": "Name"}})", REQUEST},
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientName": "Name", "PatientID": "P"}})",
         OK},
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientName": 1, "PatientID": "P"}})",
         ErrorCode::BadParameterType},
        {"/studies/<s>/modify",
         R"({"Force": true, "Replace": {"PatientName": "Name", "PatientID": "P", "PatientSex": "M"}})",
         REQUEST},
        // Another patient: new, or with a study
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientName": "Any", "PatientID": "New"}})",
         OK},
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientID": 5}})",
         ErrorCode::BadParameterType},
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientID": "Single"}})", OK},
        {"/studies/<s>/modify", R"({"Force": true, "Replace": {"PatientName": "x", "PatientID": "Single"}})",
         REQUEST},
        // At other levels there is no such rule
        {"/series/<a>/modify", R"({"Replace": {"PatientName": "Other"}})", OK},
        {"/patients/<p>/modify", R"({"Replace": {"PatientName": "Other"}})", OK},
        {"/tools/bulk-modify", R"({"Resources": ["<s>"], "Level": "Study", "Replace": {"PatientName": "x"}})",
         REQUEST},
        {"/tools/bulk-modify", R"({"Resources": ["<a>"], "Level": "Study", "Replace": {"PatientName": "x"}})",
         UNKNOWN},
        {"/studies/<s>/anonymize", R"({"Replace": {"PatientName": "Other"}})", OK},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Bulk)
  {
    const Case CASES[] = {
        {"/tools/bulk-modify", R"({"Resources": ["<s>", "<i>"], "Level": "Study"})", OK},
        {"/tools/bulk-modify", R"({"Resources": ["<s>"]})", OK},
        {"/tools/bulk-modify", "{}", FORMAT},
        {"/tools/bulk-modify", R"({"Resources": "<s>"})", FORMAT},
        {"/tools/bulk-modify", R"({"Resources": [1]})", FORMAT},
        {"/tools/bulk-modify", R"({"Resources": ["<s>", "<x>"]})", UNKNOWN},
        {"/tools/bulk-modify", R"({"Resources": ["<s>"], "Level": "Nothing"})", RANGE},
        {"/tools/bulk-modify", R"({"Resources": ["<s>"], "Level": 1})", REQUEST},
        {"/tools/bulk-anonymize", R"({"Resources": ["<s>", "<a>"]})", OK},
        {"/tools/bulk-anonymize", "{}", FORMAT},
        {"/tools/bulk-anonymize", R"({"Resources": ["<x>"]})", UNKNOWN},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Split)
  {
    const Case CASES[] = {
        {"/studies/<s>/split", R"({"Series": ["<a>"]})", OK},
        {"/studies/<s>/split", R"({"Instances": ["<i>", "<j>"]})", OK},
        {"/studies/<x>/split", R"({"Series": ["<a>"]})", UNKNOWN},
        {"/studies/<a>/split", R"({"Series": ["<a>"]})", UNKNOWN},
        {"/studies/<s>/split", "{}", REQUEST},
        {"/studies/<s>/split", R"({"Series": [], "Instances": []})", REQUEST},
        {"/studies/<s>/split", R"({"Series": "<a>"})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<c>"]})", UNKNOWN},
        {"/studies/<s>/split", R"({"Series": ["<x>"]})", UNKNOWN},
        {"/studies/<s>/split", R"({"Instances": ["<k>"]})", UNKNOWN},
        {"/studies/<s>/split", R"({"Instances": ["<a>"]})", UNKNOWN},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "KeepSource": 1})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": ["PatientName"]})", OK},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": "PatientName"})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": ["InstitutionName"]})", RANGE},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": ["Nothing"]})", TAG},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": [1]})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Remove": ["InstitutionName", 1]})", RANGE},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Replace": {"StudyDescription": "x"}})", OK},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Replace": {"StudyDescription": 1}})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Replace": ["StudyDescription"]})", FORMAT},
        {"/studies/<s>/split", R"({"Series": ["<a>"], "Replace": {"StudyInstanceUID": "1"}})", RANGE},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Merge)
  {
    const Case CASES[] = {
        {"/studies/<s>/merge", R"({"Resources": ["<t>"]})", OK},
        {"/studies/<s>/merge", R"({"Resources": ["<c>", "<k>"]})", OK},
        {"/studies/<s>/merge", R"({"Resources": ["<c>"], "KeepSource": "no"})", FORMAT},
        {"/studies/<s>/merge", "{}", FORMAT},
        {"/studies/<s>/merge", R"({"Resources": "<t>"})", FORMAT},
        {"/studies/<x>/merge", R"({"Resources": ["<t>"]})", UNKNOWN},
        {"/studies/<s>/merge", R"({"Resources": ["<x>"]})", UNKNOWN},
        {"/studies/<s>/merge", R"({"Resources": ["<p>"]})", UNKNOWN},
        {"/studies/<s>/merge", R"({"Resources": ["<s>"]})", UNKNOWN},
        {"/studies/<s>/merge", R"({"Resources": ["<a>"]})", UNKNOWN},
        {"/studies/<s>/merge", R"({"Resources": ["<i>"]})", UNKNOWN},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Store)
  {
    const Case CASES[] = {
        {"/modalities/pacs/store", "<s>", OK},
        {"/modalities/pacs/store", "  <s>\n", OK},
        {"/modalities/pacs/store", "\"<s>\"", OK},
        {"/modalities/pacs/store", "[\"<s>\", \" <i> \"]", OK},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Asynchronous": true})", OK},
        {"/modalities/pacs/store", "[]", OK},
        {"/modalities/pacs/store", "", FORMAT},
        {"/modalities/pacs/store", "12", FORMAT},
        {"/modalities/pacs/store", "{}", FORMAT},
        {"/modalities/pacs/store", R"({"Resources": "<s>"})", FORMAT},
        {"/modalities/pacs/store", R"(["short"])", FORMAT},
        {"/modalities/pacs/store", "[12]", FORMAT},
        {"/modalities/pacs/store", "<x>", UNKNOWN},
        {"/modalities/pacs/store", R"(["<s>", "<x>", "short"])", UNKNOWN},
        {"/modalities/pacs/store", R"(["short", "<x>"])", FORMAT},
        {"/modalities/nobody/store", "<s>", ErrorCode::InexistentItem},
        {"/modalities/nobody/store", "<x>", UNKNOWN},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Timeout": -1})", ErrorCode::BadParameterType},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Timeout": "1"})", FORMAT},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Port": -1})", RANGE},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Permissive": 1})", FORMAT},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "Port": "x"})", ErrorCode::BadParameterType},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "LocalAet": 1})", ErrorCode::BadParameterType},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "MoveOriginatorID": 70000})", RANGE},
        {"/modalities/pacs/store", R"({"Resources": ["<s>"], "MoveOriginatorID": 7, "Port": 104})", OK},
        {"/peers/other/store", "<s>", OK},
        {"/peers/nobody/store", "<s>", UNKNOWN},
        {"/peers/other/store", R"({"Resources": ["<s>"], "Compress": 1})", FORMAT},
        {"/peers/other/store", R"({"Resources": ["<s>"], "Transcode": "x"})", FORMAT},
    };
    CheckAll(CASES);
  }

  TEST_F(JobValidation, Retrieve)
  {
    for (const std::string path : {"/modalities/pacs/move", "/modalities/pacs/get"})
    {
      SCOPED_TRACE(path);
      EXPECT_EQ(OK, GetCode(path, R"({"Resources": [{"PatientID": "1"}], "Level": "Study"})"));
      EXPECT_EQ(OK, GetCode(path, R"({"Resources": [{"0010,0020": "1"}], "Level": "IMAGE"})"));
      EXPECT_EQ(FORMAT, GetCode(path, "{}"));
      EXPECT_EQ(FORMAT, GetCode(path, R"({"Resources": {"PatientID": "1"}, "Level": "Study"})"));
      EXPECT_EQ(FORMAT, GetCode(path, R"({"Resources": [{"PatientID": "1"}]})"));
      EXPECT_EQ(FORMAT, GetCode(path, R"({"Resources": ["1"], "Level": "Study"})"));
      EXPECT_EQ(FORMAT, GetCode(path, R"({"Resources": [{"PatientID": 1}], "Level": "Study"})"));
      EXPECT_EQ(TAG, GetCode(path, R"({"Resources": [{"Nothing": "1"}], "Level": "Study"})"));
      EXPECT_EQ(RANGE, GetCode(path, R"({"Resources": [], "Level": "Nothing"})"));
      EXPECT_EQ(FORMAT, GetCode(path, R"({"Resources": [], "Level": "Study", "Timeout": "1"})"));
    }
    EXPECT_EQ(ErrorCode::InexistentItem,
              GetCode("/modalities/nobody/move", R"({"Resources": ["1"], "Level": "Study"})"));
  }

  TEST_F(JobValidation, Archives)
  {
    const Case cases[] = {
        {"/patients/<p>/archive", "{}", ErrorCode::Success},
        {"/studies/<s>/media", "{}", ErrorCode::Success},
        {"/series/<a>/archive", R"({"Transcode":"1.2.840.10008.1.2.1","LossyQuality":90,"Extended":true,
            "Utf8":true,"Filename":"a.zip","Permissive":1})",
         ErrorCode::Success},
        {"/studies/<s>/archive", R"({"Filename":1,"LossyQuality":"x"})", ErrorCode::Success},
        {"/studies/<x>/archive", "{}", ErrorCode::InexistentItem},
        {"/studies/<a>/archive", "{}", ErrorCode::InexistentItem},
        {"/studies/<x>/archive", R"({"Priority":"x"})", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", R"({"Extended":1})", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", R"({"Utf8":"yes"})", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", R"({"Transcode":"1.2"})", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", R"({"Transcode":"1.2.840.10008.1.2.1","LossyQuality":"x"})",
         ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", R"({"Synchronous":"x"})", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", "[]", ErrorCode::BadFileFormat},
        {"/studies/<s>/archive", "", ErrorCode::BadFileFormat},
        {"/tools/create-archive", R"(["<s>","<i>"])", ErrorCode::Success},
        {"/tools/create-media", R"({"Resources":["<p>"]})", ErrorCode::Success},
        {"/tools/create-media-extended", R"({"Resources":[]})", ErrorCode::Success},
        {"/tools/create-archive", "{}", ErrorCode::BadFileFormat},
        {"/tools/create-archive", R"(["<s>",1])", ErrorCode::BadFileFormat},
        {"/tools/create-archive", R"("<s>")", ErrorCode::BadFileFormat},
        {"/tools/create-archive", "<s>", ErrorCode::BadFileFormat},
        {"/tools/create-archive", R"(["<x>"])", ErrorCode::UnknownResource},
        {"/tools/create-archive", R"({"Resources":["<s>"],"Extended":2})", ErrorCode::BadFileFormat},
    };
    CheckAll(cases);
    const CheckedJob job =
        Check("/studies/<s>/archive", R"({"Asynchronous":true,"Priority":3,"UserData":{"any":"thing"}})");
    EXPECT_FALSE(job.isSynchronous);
    EXPECT_EQ(3, job.priority);
    EXPECT_EQ("thing", job.userData["any"].asString());
  }

  TEST_F(JobValidation, RoutesOfPlugins)
  {
    EXPECT_EQ(ErrorCode::Success, GetCode("/plugin", "anything"));
    EXPECT_EQ(ErrorCode::Success, GetCode("/plugin", "[1]"));
    EXPECT_EQ(ErrorCode::Success, GetCode("/plugin", ""));
    EXPECT_EQ(ErrorCode::BadFileFormat, GetCode("/plugin", R"({"Priority":"x"})"));
    EXPECT_EQ(4, Check("/plugin", R"({"Priority":4,"Other":true})").priority);
  }
}
