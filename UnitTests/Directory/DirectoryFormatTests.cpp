// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/DirectoryFormat.h"

#include "Framework/Common/Errors.h"
#include "Framework/Common/Json.h"

#include <gmock/gmock.h>

namespace OrthancRegistry::Testing
{
  using namespace DirectoryFormat;

  namespace
  {
    constexpr auto MODALITIES = DirectoryKind::Modalities;
    constexpr auto PEERS = DirectoryKind::Peers;

    // What cores save of ["A", "b", 1]; older ones without "RetrieveMethod"
    constexpr const char* ADVANCED =
        R"({"AET":"A","AllowEcho":true,"AllowEventReport":true,"AllowFind":true,"AllowFindWorklist":true,)"
        R"("AllowGet":true,"AllowMove":true,"AllowNAction":true,"AllowStore":true,"AllowTranscoding":true,)"
        R"("Host":"b","LocalAet":"","Manufacturer":"Generic","Port":1,"Timeout":0,"UseDicomTls":false})";

    constexpr const char* FULL_PEER =
        R"({"Url":"https://urluser:canary1@host/x/","Username":"u","Password":"canary2",)"
        R"("CertificateFile":"/c","CertificateKeyFile":"/k","CertificateKeyPassword":"canary3","Pkcs11":true,)"
        R"("Timeout":7,"HttpHeaders":{"Token":"canary4","Other":"canary5"},"RemoteSelf":"me"})";

    DirectoryValue ParseText(DirectoryKind kind, const std::string& text)
    {
      return Parse(kind, ParseJson(text));
    }

    std::string FormatText(DirectoryKind kind, const std::string& text)
    {
      return WriteJson(Format(kind, ParseText(kind, text)));
    }

    Json::Value With(const Json::Value& object, const char* member, const Json::Value& value)
    {
      Json::Value changed = object;
      changed[member] = value;
      return changed;
    }

    std::string ErrorOf(DirectoryKind kind, const std::string& text)
    {
      try
      {
        ParseText(kind, text);
        return "accepted";
      }
      catch (const RegistryError& e)
      {
        EXPECT_EQ(ErrorCode::BadFileFormat, e.GetCode());
        return e.what();
      }
    }
  }

  TEST(DirectoryFormat, AllFormsOfOneModalityAreOneValue)
  {
    const DirectoryValue expected{ADVANCED, ""};
    for (const char* form :
         {ADVANCED, R"(["A", "b", 1])", R"(["A", "b", "1"])", R"(["A", "b", 1, "Generic"])",
          R"(["A", "b", 1, "ClearCanvas"])", R"({"AET": "A", "Host": "b", "Port": "1"})",
          R"({"AET": "A", "Host": "b", "Port": 1, "AllowStorageCommitment": true})",
          R"({"AET": "A", "Host": "b", "Port": 1, "RetrieveMethod": "SystemDefault"})"})
    {
      EXPECT_EQ(expected, ParseText(MODALITIES, form)) << form;
    }
    EXPECT_EQ(ADVANCED, FormatText(MODALITIES, ADVANCED));
  }

  TEST(DirectoryFormat, MembersOfModalitiesAreKept)
  {
    const std::string text =
        R"({"AET":"A","AllowEcho":false,"AllowEventReport":false,"AllowFind":false,"AllowFindWorklist":false,)"
        R"("AllowGet":false,"AllowMove":false,"AllowNAction":false,"AllowStore":false,"AllowTranscoding":false,)"
        R"("FutureMember":{"a":[1,null,"é"]},"Host":"b","LocalAet":"L","Manufacturer":"SiemensSyngoCT",)"
        R"("Port":65534,"RetrieveMethod":"C-GET","Timeout":4294967295,"UseDicomTls":true})";
    EXPECT_EQ(text, FormatText(MODALITIES, text));
    const Json::Value commitment = Format(
        MODALITIES,
        ParseText(MODALITIES, R"({"AET": "A", "Host": "b", "Port": 1, "AllowStorageCommitment": false})"));
    EXPECT_FALSE(commitment["AllowNAction"].asBool());
    EXPECT_FALSE(commitment["AllowEventReport"].asBool());
    EXPECT_FALSE(commitment.isMember("AllowStorageCommitment"));
  }

  TEST(DirectoryFormat, WhatNoCoreAcceptsIsRefused)
  {
    for (const char* text : {"null",
                             "1",
                             R"("text")",
                             "[]",
                             R"(["A", "b"])",
                             R"(["A", "b", 1, "GE", 5])",
                             R"([1, "b", 1])",
                             R"(["A", null, 1])",
                             R"(["A", "b", 0])",
                             R"(["A", "b", 65535])",
                             R"(["A", "b", "1x"])",
                             R"(["A", "b", ""])",
                             R"(["A", "b", 1.0])",
                             R"(["A", "b", 18446744073709551615])",
                             "{}",
                             R"({"AET": "A", "Port": 1})",
                             R"({"AET": "A", "Host": "b"})",
                             R"({"AET": "A", "Host": "b", "Port": 1, "AllowEcho": "true"})",
                             R"({"AET": "A", "Host": "b", "Port": 1, "Timeout": -1})",
                             R"({"AET": "A", "Host": "b", "Port": 1, "LocalAet": 1})",
                             R"({"AET": "A", "Host": "b", "Port": 1, "Manufacturer": null})",
                             R"({"AET": "A", "Host": "b", "Port": 1, "AllowStorageCommitment": 1})"})
    {
      EXPECT_NE("accepted", ErrorOf(MODALITIES, text)) << text;
    }
    for (const char* text : {"null",
                             "1",
                             R"("text")",
                             "[]",
                             R"(["http://h/", "u"])",
                             R"(["http://h/", "u", "p", "q"])",
                             R"([1])",
                             R"([""])",
                             R"(["ftp://h/"])",
                             R"(["http://h/", "", "p"])",
                             "{}",
                             R"({"Url": ""})",
                             R"({"Url": "http://h/", "Password": null})",
                             R"({"Url": "http://h/", "Password": "p"})",
                             R"({"Url": "http://h/", "HttpHeaders": ["a"]})",
                             R"({"Url": "http://h/", "HttpHeaders": {"a": 1}})",
                             R"({"Url": "http://h/", "Pkcs11": 1})",
                             R"({"Url": "http://h/", "Timeout": "1"})",
                             R"({"Url": "http://h/", "Timeout": -1})",
                             R"({"Url": "http://h/", "Mine": null})",
                             R"({"Url": "http://h/", "Mine": ["a"]})"})
    {
      EXPECT_NE("accepted", ErrorOf(PEERS, text)) << text;
    }
  }

  TEST(DirectoryFormat, ErrorsNameTheMemberOnly)
  {
    EXPECT_THAT(
        ErrorOf(PEERS, R"({"Url": "http://h/", "HttpHeaders": {"a": ["canary"]}})"),
        testing::AllOf(testing::HasSubstr("HttpHeaders"), testing::Not(testing::HasSubstr("canary"))));
    EXPECT_THAT(ErrorOf(PEERS, R"({"Url": "ftp://canary:canary@h/"})"),
                testing::AllOf(testing::HasSubstr("Url"), testing::Not(testing::HasSubstr("canary"))));
  }

  TEST(DirectoryFormat, TextsThatNoDatabaseKeepsAreRefused)
  {
    EXPECT_NE("accepted", ErrorOf(MODALITIES, "[\"A\xe9\", \"b\", 1]"));
    EXPECT_NE("accepted", ErrorOf(PEERS, "[\"http://h/\", \"u\", \"p\xff\"]"));
    EXPECT_EQ("accepted", ErrorOf(PEERS, R"(["http://h/", "u", "p\u0000q"])"));
  }

  TEST(DirectoryFormat, AllFormsOfOnePeerAreOneValue)
  {
    const DirectoryValue expected{
        R"({"HttpHeaders":[],"Pkcs11":false,"Timeout":0,"Url":"http://h/","Username":"u"})",
        R"({"Password":"p"})"};
    for (const char* form :
         {R"(["http://h", "u", "p"])", R"(["http://h/", "u", "p"])",
          R"({"URL": "http://h", "Username": "u", "Password": "p"})",
          R"({"Url": "", "URL": "http://h", "Username": "u", "Password": "p", "CertificateKeyFile": "k"})",
          R"({"Url": "http://h/", "Username": "u", "Password": "p", "Pkcs11": false, "Timeout": 0,)"
          R"( "HttpHeaders": {}, "CertificateFile": ""})"})
    {
      EXPECT_EQ(expected, ParseText(PEERS, form)) << form;
    }
    const DirectoryValue open = ParseText(PEERS, R"(["http://h/"])");
    EXPECT_EQ(R"({"HttpHeaders":[],"Pkcs11":false,"Timeout":0,"Url":"http://h/"})", open.configuration);
    EXPECT_EQ("", open.secrets);
    EXPECT_EQ(open, ParseText(PEERS, R"(["http://h/", "", ""])"));
  }

  TEST(DirectoryFormat, PeersRoundTrip)
  {
    for (const char* text :
         {FULL_PEER, R"(["host:8042"])", R"(["user:pass@host"])", R"(["http://@host/"])",
          R"(["http://u:p@ss/w@rd@host/", "u", "***"])", R"({"Url": "http://h/", "Username": "u"})",
          R"({"Url": "http://h/", "HttpHeaders": {"Empty": "", "É": "ü"}})"})
    {
      const DirectoryValue value = ParseText(PEERS, text);
      const Json::Value formatted = Format(PEERS, value);
      EXPECT_EQ(value, Parse(PEERS, formatted)) << text;
      EXPECT_EQ(ParseJson(FormatText(PEERS, WriteJson(formatted))), formatted) << text;
    }
    EXPECT_EQ(ParseJson(FULL_PEER), ParseJson(FormatText(PEERS, FULL_PEER)));
  }

  TEST(DirectoryFormat, UserPropertiesOfPeersSurvive)
  {
    const Json::Value peer = Format(
        PEERS,
        ParseText(PEERS,
                  R"({"Url": "http://h/", "a": "text", "b": true, "c": false, "d": -5, "UrlUser": "x",)"
                  R"( "e": 18446744073709551615, "f": 1.5})"));
    EXPECT_EQ("text", peer["a"].asString());
    EXPECT_EQ("1", peer["b"].asString());
    EXPECT_EQ("0", peer["c"].asString());
    EXPECT_EQ("-5", peer["d"].asString());
    EXPECT_EQ("18446744073709551615", peer["e"].asString());
    EXPECT_EQ("1.5", peer["f"].asString());
    EXPECT_EQ("x", peer["UrlUser"].asString());
    EXPECT_EQ("http://h/", peer["Url"].asString());
  }

  TEST(DirectoryFormat, TheMaskHidesEachSecret)
  {
    const DirectoryValue value = ParseText(PEERS, FULL_PEER);
    EXPECT_THAT(value.configuration, testing::Not(testing::HasSubstr("canary")));
    EXPECT_THAT(value.configuration, testing::Not(testing::HasSubstr("urluser")));
    const Json::Value masked = Mask(PEERS, value);
    EXPECT_EQ(
        R"({"CertificateFile":"/c","CertificateKeyFile":"/k","CertificateKeyPassword":"***",)"
        R"("HttpHeaders":{"Other":"***","Token":"***"},"Password":"***","Pkcs11":true,"RemoteSelf":"me",)"
        R"("Timeout":7,"Url":"https://***@host/x/","Username":"u"})",
        WriteJson(masked));
    EXPECT_EQ(ADVANCED, WriteJson(Mask(MODALITIES, ParseText(MODALITIES, ADVANCED))));
  }

  TEST(DirectoryFormat, DamagedRowsAreErrors)
  {
    for (const DirectoryValue& value : {DirectoryValue{"", ""}, DirectoryValue{"[]", ""},
                                        DirectoryValue{"{}", "1"}, DirectoryValue{"{}", "{"}})
    {
      EXPECT_THROW(Format(PEERS, value), RegistryError);
      EXPECT_THROW(Mask(PEERS, value), RegistryError);
    }
    EXPECT_NO_THROW(Format(PEERS, {R"({"Url":1,"HttpHeaders":1})", R"({"UrlUser":[],"HttpHeaders":3})"}));
  }

  TEST(DirectoryFormat, SurelyLoadableModalities)
  {
    const Json::Value good = ParseJson(ADVANCED);
    EXPECT_TRUE(IsSurelyLoadable(MODALITIES, "a", good));
    EXPECT_TRUE(IsSurelyLoadable(MODALITIES, "a", With(good, "RetrieveMethod", "C-GET")));
    EXPECT_TRUE(IsSurelyLoadable(MODALITIES, "a", With(good, "Manufacturer", "GE")));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a b", good));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "Manufacturer", "SiemensSyngoCT"))); // 1.13.0
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "RetrieveMethod", "C-FETCH")));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "Future", true)));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "Port", "104")));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "Port", 65535)));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "Timeout", -1)));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", With(good, "AllowEcho", 1)));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", ParseJson(R"({"AET": "A", "Port": 1})")));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", ParseJson(R"(["A", "b", 1])")));
    EXPECT_FALSE(IsSurelyLoadable(MODALITIES, "a", Json::Value()));
  }

  TEST(DirectoryFormat, SurelyLoadablePeers)
  {
    const Json::Value good = Format(
        PEERS, ParseText(PEERS, R"({"Url": "http://h/", "Username": "u", "Password": "p", "Mine": "x",)"
                                R"( "HttpHeaders": {"a": "b"}})"));
    EXPECT_TRUE(IsSurelyLoadable(PEERS, "a", good));
    EXPECT_TRUE(IsSurelyLoadable(PEERS, "a", Format(PEERS, ParseText(PEERS, R"(["h"])"))));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "", good));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "Url", "ftp://h/")));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "Url", 1)));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "Username", "")));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "CertificateFile", "/c")));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "Timeout", -1)));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "Mine", 1)));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "HttpHeaders", Json::arrayValue)));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", With(good, "HttpHeaders", ParseJson(R"({"a": 1})"))));
    EXPECT_FALSE(IsSurelyLoadable(PEERS, "a", ParseJson("{}")));
  }

  TEST(DirectoryFormat, Names)
  {
    EXPECT_TRUE(IsValidName("aZ09-_"));
    EXPECT_TRUE(IsValidName(std::string(1000, 'a')));
    for (const std::string& name : {std::string(), std::string("a b"), std::string("a/b"), std::string("é"),
                                    std::string("a.b"), std::string("a\0", 2), std::string(1001, 'a')})
    {
      EXPECT_FALSE(IsValidName(name)) << name;
    }
  }
}
