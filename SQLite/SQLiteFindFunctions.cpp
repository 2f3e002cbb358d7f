// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteFindFunctions.h"

#include "Framework/Database/DatabaseErrors.h"

#include <algorithm>
#include <charconv>
#include <locale.h>
#include <optional>
#include <string>
#include <string_view>
#include <wctype.h>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    constexpr std::string_view DIGITS = "0123456789";
    constexpr size_t MAXIMUM_INTEGER_DIGITS = 18;
    constexpr size_t MAXIMUM_REAL_LENGTH = 64;
    constexpr size_t MAXIMUM_EXPONENT_DIGITS = 2;

    std::string_view GetText(sqlite3_value* value)
    {
      const auto* const bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return bytes == nullptr ? std::string_view()
                              : std::string_view(bytes, static_cast<size_t>(sqlite3_value_bytes(value)));
    }

    struct Character
    {
      wint_t code;
      size_t size; // in UTF-8; 0 = not UTF-8
    };

    Character Decode(std::string_view text)
    {
      const auto first = static_cast<unsigned char>(text.front());
      const size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      if (size <= 1 || size > text.size())
      {
        return {first, size <= 1 ? size : 0};
      }
      wint_t code = first & (0xffU >> (size + 1));
      for (size_t i = 1; i < size; i++)
      {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80U)
        {
          return {first, 0};
        }
        code = (code << 6U) | (next & 0x3fU);
      }
      return {code, size};
    }

    void Encode(std::string& target, wint_t code)
    {
      const auto append = [&target](wint_t byte)
      {
        target.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
      };
      if (code < 0x80)
      {
        append(code);
        return;
      }
      if (code < 0x800)
      {
        append(0xc0U | (code >> 6U));
      }
      else
      {
        append(code < 0x10000 ? 0xe0U | (code >> 12U) : 0xf0U | (code >> 18U));
        if (code >= 0x10000)
        {
          append(0x80U | ((code >> 12U) & 0x3fU));
        }
        append(0x80U | ((code >> 6U) & 0x3fU));
      }
      append(0x80U | (code & 0x3fU));
    }

    std::string Fold(std::string_view text, locale_t locale)
    {
      constexpr wint_t sharpS = 0xdf;

      std::string folded;
      folded.reserve(text.size());
      while (!text.empty())
      {
        const Character character = Decode(text);
        if (character.size == 0)
        {
          folded.push_back(text.front());
          text.remove_prefix(1);
          continue;
        }
        text.remove_prefix(character.size);
        if (character.code == sharpS)
        {
          folded += "SS";
        }
        else
        {
          Encode(folded, towupper_l(character.code, locale));
        }
      }
      return folded;
    }

    std::string_view Trim(std::string_view text)
    {
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
      return text.substr(0, text.find_last_not_of(' ') + 1);
    }

    size_t SkipDigits(std::string_view& text)
    {
      const size_t count = std::min(text.find_first_not_of(DIGITS), text.size());
      text.remove_prefix(count);
      return count;
    }

    void SkipSign(std::string_view& text)
    {
      if (text.starts_with('+') || text.starts_with('-'))
      {
        text.remove_prefix(1);
      }
    }

    bool IsInteger(std::string_view text)
    {
      SkipSign(text);
      const size_t digits = SkipDigits(text);
      return text.empty() && digits > 0 && digits <= MAXIMUM_INTEGER_DIGITS;
    }

    bool IsReal(std::string_view text)
    {
      if (text.size() > MAXIMUM_REAL_LENGTH)
      {
        return false;
      }
      SkipSign(text);
      size_t digits = SkipDigits(text);
      if (text.starts_with('.'))
      {
        text.remove_prefix(1);
        digits += SkipDigits(text);
      }
      if (digits > 0 && (text.starts_with('e') || text.starts_with('E')))
      {
        text.remove_prefix(1);
        SkipSign(text);
        const size_t exponent = SkipDigits(text);
        return text.empty() && exponent > 0 && exponent <= MAXIMUM_EXPONENT_DIGITS;
      }
      return text.empty() && digits > 0;
    }

    // Precondition: IsInteger() or IsReal()
    template <typename Number>
    Number Parse(std::string_view text)
    {
      if (text.starts_with('+'))
      {
        text.remove_prefix(1);
      }
      Number number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return number;
    }

    void CallFold(sqlite3_context* context, int, sqlite3_value** arguments)
    {
      if (sqlite3_value_type(arguments[0]) == SQLITE_NULL)
      {
        return; // NULL
      }
      try
      {
        const auto locale = static_cast<locale_t>(sqlite3_user_data(context));
        const std::string folded = Fold(GetText(arguments[0]), locale);
        sqlite3_result_text64(context, folded.data(), folded.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      }
      catch (const std::bad_alloc&)
      {
        sqlite3_result_error_nomem(context);
      }
    }

    void CallInteger(sqlite3_context* context, int, sqlite3_value** arguments)
    {
      const std::string_view text = Trim(GetText(arguments[0]));
      if (IsInteger(text))
      {
        sqlite3_result_int64(context, Parse<int64_t>(text));
      }
    }

    void CallReal(sqlite3_context* context, int, sqlite3_value** arguments)
    {
      const std::string_view text = Trim(GetText(arguments[0]));
      if (IsReal(text))
      {
        sqlite3_result_double(context, Parse<double>(text));
      }
    }

    void FreeLocale(void* locale)
    {
      freelocale(static_cast<locale_t>(locale));
    }

    void Register(sqlite3* connection, const char* name,
                  void (*function)(sqlite3_context*, int, sqlite3_value**), void* data = nullptr,
                  void (*destroy)(void*) = nullptr)
    {
      // On failure SQLite calls "destroy" as well.
      if (sqlite3_create_function_v2(connection, name, 1,
                                     SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, data, function,
                                     nullptr, nullptr, destroy) != SQLITE_OK)
      {
        throw StatementError("SQLite: cannot register the function " + std::string(name));
      }
    }
  }

  void RegisterFindFunctions(sqlite3* connection)
  {
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (locale == nullptr)
    {
      locale = newlocale(LC_CTYPE_MASK, "C", nullptr); // ASCII only
    }
    if (locale == nullptr)
    {
      throw StatementError("SQLite: this system has no locale for upper and lower case");
    }
    Register(connection, "SharedFold", &CallFold, locale, &FreeLocale);
    Register(connection, "SharedInteger", &CallInteger);
    Register(connection, "SharedReal", &CallReal);
  }
}
