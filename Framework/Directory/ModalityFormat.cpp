// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Directory/ModalityFormat.h"

#include "Framework/Directory/FormatFields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

namespace OrthancRegistry::ModalityFormat
{
  using namespace FormatFields;

  namespace
  {
    constexpr const char* AET = "AET";
    constexpr const char* HOST = "Host";
    constexpr const char* PORT = "Port";
    constexpr const char* MANUFACTURER = "Manufacturer";
    constexpr const char* LOCAL_AET = "LocalAet";
    constexpr const char* TIMEOUT = "Timeout";
    constexpr const char* USE_DICOM_TLS = "UseDicomTls";
    constexpr const char* RETRIEVE_METHOD = "RetrieveMethod";
    constexpr const char* DEFAULT_RETRIEVE_METHOD = "SystemDefault";
    constexpr const char* ALLOW_N_ACTION = "AllowNAction";
    constexpr const char* ALLOW_EVENT_REPORT = "AllowEventReport";
    constexpr const char* ALLOW_STORAGE_COMMITMENT = "AllowStorageCommitment"; // stands for the two above
    constexpr std::array<const char*, 9> ALLOW_MEMBERS = {"AllowEcho",    "AllowFind",  "AllowFindWorklist",
                                                          "AllowGet",     "AllowMove",  ALLOW_EVENT_REPORT,
                                                          ALLOW_N_ACTION, "AllowStore", "AllowTranscoding"};

    constexpr int64_t MAXIMUM_PORT = 65534; // of the core

    // Of Orthanc 1.12.5
    constexpr std::array<std::string_view, 5> MANUFACTURERS = {"Generic", "GenericNoWildcardInDates",
                                                               "GenericNoUniversalWildcard", "Vitrea", "GE"};
    constexpr std::array<std::string_view, 3> RETRIEVE_METHODS = {DEFAULT_RETRIEVE_METHOD, "C-MOVE", "C-GET"};

    // Cores replace these as they read them.
    std::string ReplaceObsoleteManufacturer(const std::string& name)
    {
      if (name == "AgfaImpax" || name == "SyngoVia")
      {
        return "GenericNoWildcardInDates";
      }
      if (name == "EFilm2" || name == "MedInria" || name == "ClearCanvas" || name == "Dcm4Chee")
      {
        return "Generic";
      }
      return name;
    }

    int64_t ReadPort(const Json::Value& value)
    {
      int64_t port = 0;
      if (value.isString())
      {
        const std::string text = value.asString();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
        Check(error == std::errc() && end == text.data() + text.size(), PORT);
      }
      else
      {
        Check(IsInteger(value), PORT);
        port = value.asInt64();
      }
      Check(port >= 1 && port <= MAXIMUM_PORT, PORT);
      return port;
    }

    // [AET, Host, Port] or [AET, Host, Port, Manufacturer]
    Json::Value ExpandArray(const Json::Value& saved)
    {
      Check(saved.size() == 3 || saved.size() == 4, "number of elements");
      Json::Value object(Json::objectValue);
      object[AET] = saved[0];
      object[HOST] = saved[1];
      object[PORT] = saved[2];
      if (saved.size() == 4)
      {
        object[MANUFACTURER] = saved[3];
      }
      return object;
    }

    void SplitStorageCommitment(Json::Value& object)
    {
      Json::Value allowed;
      if (object.removeMember(ALLOW_STORAGE_COMMITMENT, &allowed))
      {
        Check(allowed.isBool(), ALLOW_STORAGE_COMMITMENT);
        object[ALLOW_N_ACTION] = allowed;
        object[ALLOW_EVENT_REPORT] = allowed;
      }
    }

    bool IsOneOf(const Json::Value& value, std::span<const std::string_view> texts)
    {
      return value.isString() && std::ranges::find(texts, value.asString()) != texts.end();
    }

    bool IsLoadableMember(const std::string& name, const Json::Value& value)
    {
      if (name == AET || name == HOST || name == LOCAL_AET)
      {
        return value.isString();
      }
      if (name == PORT)
      {
        return IsInteger(value) && value.asInt64() >= 1 && value.asInt64() <= MAXIMUM_PORT;
      }
      if (name == MANUFACTURER)
      {
        return IsOneOf(value, MANUFACTURERS);
      }
      if (name == RETRIEVE_METHOD)
      {
        return IsOneOf(value, RETRIEVE_METHODS);
      }
      if (name == TIMEOUT)
      {
        return IsUnsigned32(value);
      }
      return (name == USE_DICOM_TLS || std::ranges::find(ALLOW_MEMBERS, name) != ALLOW_MEMBERS.end()) &&
             value.isBool();
    }
  }

  DirectoryValue Parse(const Json::Value& saved)
  {
    Check(saved.isArray() || saved.isObject(), "JSON type");
    Json::Value object = saved.isArray() ? ExpandArray(saved) : saved;
    Check(object[AET].isString(), AET);
    Check(object[HOST].isString(), HOST);
    object[PORT] = Json::Value::Int64{ReadPort(object[PORT])};
    object[MANUFACTURER] = ReplaceObsoleteManufacturer(GetString(object, MANUFACTURER, "Generic"));
    SplitStorageCommitment(object);
    for (const char* member : ALLOW_MEMBERS)
    {
      object[member] = GetBoolean(object, member, true);
    }
    object[USE_DICOM_TLS] = GetBoolean(object, USE_DICOM_TLS, false);
    object[LOCAL_AET] = GetString(object, LOCAL_AET, "");
    object[TIMEOUT] = GetUnsigned32(object, TIMEOUT);
    if (GetString(object, RETRIEVE_METHOD, DEFAULT_RETRIEVE_METHOD) == DEFAULT_RETRIEVE_METHOD)
    {
      object.removeMember(RETRIEVE_METHOD);
    }
    return {WriteStorable(object), ""};
  }

  Json::Value Format(const DirectoryValue& value)
  {
    return ParseObject(value.configuration);
  }

  bool IsSurelyLoadable(const Json::Value& formatted)
  {
    return formatted.isMember(AET) && formatted.isMember(HOST) && formatted.isMember(PORT) &&
           std::ranges::all_of(formatted.getMemberNames(),
                               [&formatted](const std::string& name)
                               {
                                 return IsLoadableMember(name, formatted[name]);
                               });
  }
}
