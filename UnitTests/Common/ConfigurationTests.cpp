// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Configuration.h"

#include "Framework/Common/Json.h"
#include "Framework/Common/Spelling.h"

#include <gtest/gtest.h>

namespace OrthancRegistry
{
  namespace
  {
    ConfigurationSection Make(const std::string& json)
    {
      return {"Section", ParseJson(json)};
    }

    template <typename Read>
    std::string GetMessage(const std::string& json, Read read)
    {
      ConfigurationSection section = Make(json);
      try
      {
        read(section);
      }
      catch (const RegistryError& error)
      {
        return error.what();
      }
      return "";
    }

    TEST(Spelling, CountsEdits)
    {
      EXPECT_EQ(GetEditDistance("", ""), 0u);
      EXPECT_EQ(GetEditDistance("", "abc"), 3u);
      EXPECT_EQ(GetEditDistance("abc", ""), 3u);
      EXPECT_EQ(GetEditDistance("Lock", "lOCK"), 0u);
      EXPECT_EQ(GetEditDistance("Shema", "Schema"), 1u);
      EXPECT_EQ(GetEditDistance("Hots", "Host"), 1u);
      EXPECT_EQ(GetEditDistance("Prot", "Port"), 1u);
      EXPECT_EQ(GetEditDistance("kitten", "sitting"), 3u);
    }

    TEST(Spelling, FindsTheClosest)
    {
      EXPECT_EQ(FindClosest("x", {}), nullptr);
      EXPECT_EQ(*FindClosest("Pasword", {"Host", "Password", "PasswordFile"}), "Password");
      EXPECT_EQ(*FindClosest("a", {"b", "c"}), "b");
      EXPECT_EQ(*FindClosest("delay", {"DelaySeconds", "Factor", "Type"}), "DelaySeconds");
    }

    TEST(Configuration, SuggestsTheClosestOption)
    {
      ConfigurationSection section = Make(R"({"LeaseSecond":15,"Lock":true})");
      section.GetInteger("LeaseSeconds", 1, 1, 2);
      section.GetInteger("HeartbeatSeconds", 1, 1, 2);
      section.GetBoolean("Lock", false);
      EXPECT_EQ(section.GetWarnings(),
                std::vector<std::string>{"Configuration: the unknown option \"Section.LeaseSecond\" is "
                                         "ignored: did you mean \"LeaseSeconds\"?"});
    }

    TEST(Configuration, NamesOptionValueAndWhatIsAllowed)
    {
      const auto readInteger = [](ConfigurationSection& section)
      {
        section.GetInteger("LeaseSeconds", 15, 3, 3600);
      };
      const std::string allowed = ": it must be an integer from 3 to 3600";
      EXPECT_EQ(GetMessage(R"({"LeaseSeconds":"abc"})", readInteger),
                "Configuration: \"Section.LeaseSeconds\" is \"abc\"" + allowed);
      EXPECT_EQ(GetMessage(R"({"LeaseSeconds":2})", readInteger),
                "Configuration: \"Section.LeaseSeconds\" is 2" + allowed);
      EXPECT_EQ(GetMessage(R"({"LeaseSeconds":3.5})", readInteger),
                "Configuration: \"Section.LeaseSeconds\" is 3.5" + allowed);
      EXPECT_EQ(GetMessage(R"({"LeaseSeconds":3})", readInteger), "");

      EXPECT_EQ(GetMessage(R"({"A":1})",
                           [](ConfigurationSection& section)
                           {
                             section.GetBoolean("A", false);
                           }),
                "Configuration: \"Section.A\" is 1: it must be true or false");
      EXPECT_EQ(GetMessage(R"({"A":0.25})",
                           [](ConfigurationSection& section)
                           {
                             section.GetNumber("A", 2, 0.5, 100);
                           }),
                "Configuration: \"Section.A\" is 0.25: it must be a number from 0.5 to 100.0");
      EXPECT_EQ(GetMessage(R"({"A":[1]})",
                           [](ConfigurationSection& section)
                           {
                             section.GetStrings("A");
                           }),
                "Configuration: \"Section.A\" is [1]: it must be a list of strings");
    }

    TEST(Configuration, QuotesLongValuesInPart)
    {
      const auto read = [](ConfigurationSection& section)
      {
        section.GetBoolean("A", false);
      };
      EXPECT_LT(GetMessage("{\"A\":\"" + std::string(100000, 'x') + "\"}", read).size(), 200u);
    }

    TEST(Configuration, KeepsPasswordsToItself)
    {
      for (const char* option : {"Password", "PasswordFile", "ConnectionUri", "SecretsKeyFile"})
      {
        const std::string message = GetMessage(std::string("{\"") + option + "\":[\"hidden\"]}",
                                               [&](ConfigurationSection& section)
                                               {
                                                 section.GetString(option, "");
                                               });
        EXPECT_EQ(message,
                  std::string("Configuration: \"Section.") + option + "\" is wrong: it must be a string");
      }
    }
  }
}
