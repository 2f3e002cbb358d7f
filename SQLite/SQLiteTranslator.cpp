// SPDX-License-Identifier: GPL-3.0-or-later
#include "SQLite/SQLiteTranslator.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <vector>

namespace OrthancRegistry::SQLite
{
  namespace
  {
    enum class TokenType
    {
      Blank, // spaces and comments
      Word,
      Parameter, // $n
      Other      // literals, quoted identifiers, and single characters
    };

    struct Token
    {
      TokenType type;
      std::string_view text;
    };

    bool IsWordCharacter(char c)
    {
      const auto byte = static_cast<unsigned char>(c);
      return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
    }

    bool IsSpace(char c)
    {
      return std::isspace(static_cast<unsigned char>(c)) != 0;
    }

    bool IsDigit(char c)
    {
      return std::isdigit(static_cast<unsigned char>(c)) != 0;
    }

    template <typename Predicate>
    size_t Skip(std::string_view sql, size_t position, Predicate predicate)
    {
      while (position < sql.size() && predicate(sql[position]))
      {
        position++;
      }
      return position;
    }

    // A doubled quote reads as the end of one quoted part and the start of the next, which is as good here.
    size_t FindEnd(std::string_view sql, size_t from, std::string_view terminator)
    {
      const size_t end = sql.find(terminator, from);
      return end == std::string_view::npos ? sql.size() : end + terminator.size();
    }

    Token ReadToken(std::string_view sql)
    {
      const char first = sql.front();
      if (IsSpace(first))
      {
        return {TokenType::Blank, sql.substr(0, Skip(sql, 0, IsSpace))};
      }
      if (sql.starts_with("--"))
      {
        return {TokenType::Blank, sql.substr(0, FindEnd(sql, 2, "\n"))};
      }
      if (sql.starts_with("/*"))
      {
        return {TokenType::Blank, sql.substr(0, FindEnd(sql, 2, "*/"))};
      }
      if (first == '\'' || first == '"' || first == '`')
      {
        return {TokenType::Other, sql.substr(0, FindEnd(sql, 1, sql.substr(0, 1)))};
      }
      if (first == '$' && sql.size() > 1 && IsDigit(sql[1]))
      {
        return {TokenType::Parameter, sql.substr(0, Skip(sql, 1, IsDigit))};
      }
      if (IsWordCharacter(first))
      {
        return {TokenType::Word, sql.substr(0, Skip(sql, 1, IsWordCharacter))};
      }
      return {TokenType::Other, sql.substr(0, 1)};
    }

    bool EqualsIgnoringCase(std::string_view text, std::string_view upper)
    {
      return std::ranges::equal(text, upper,
                                [](char a, char b)
                                {
                                  return std::toupper(static_cast<unsigned char>(a)) == b;
                                });
    }

    // Reads the tokens of one statement; a pattern either matches and is consumed, or leaves the position.
    class Translation
    {
    public:
      Translation(std::string_view sql, SingleValues singles) : singles_(singles)
      {
        while (!sql.empty())
        {
          tokens_.push_back(ReadToken(sql));
          sql.remove_prefix(tokens_.back().text.size());
        }
      }

      std::string Run()
      {
        while (position_ < tokens_.size())
        {
          if (SkipLock() || TranslateAny() || TranslateUnnest())
          {
            continue;
          }
          const Token& token = tokens_[position_++];
          if (token.type == TokenType::Parameter)
          {
            AppendParameter(token);
          }
          else
          {
            result_.append(token.text);
          }
        }
        return std::move(result_);
      }

    private:
      void SkipBlanks()
      {
        while (position_ < tokens_.size() && tokens_[position_].type == TokenType::Blank)
        {
          position_++;
        }
      }

      bool Accept(TokenType type, std::string_view upper)
      {
        const size_t start = position_;
        SkipBlanks();
        if (position_ < tokens_.size() && tokens_[position_].type == type &&
            EqualsIgnoringCase(tokens_[position_].text, upper))
        {
          position_++;
          return true;
        }
        position_ = start;
        return false;
      }

      bool AcceptWord(std::string_view upper)
      {
        return Accept(TokenType::Word, upper);
      }

      bool AcceptSymbol(std::string_view symbol)
      {
        return Accept(TokenType::Other, symbol);
      }

      bool AcceptWords(std::string_view first, std::string_view second)
      {
        const size_t start = position_;
        if (AcceptWord(first) && AcceptWord(second))
        {
          return true;
        }
        position_ = start;
        return false;
      }

      bool AcceptLockStrength()
      {
        if (AcceptWord("UPDATE") || AcceptWord("SHARE") || AcceptWords("KEY", "SHARE"))
        {
          return true;
        }
        const size_t start = position_;
        if (AcceptWord("NO") && AcceptWords("KEY", "UPDATE"))
        {
          return true;
        }
        position_ = start;
        return false;
      }

      void SkipLockedTables()
      {
        if (!AcceptWord("OF"))
        {
          return;
        }
        do
        {
          SkipBlanks();
          if (position_ < tokens_.size())
          {
            position_++;
          }
        } while (AcceptSymbol(","));
      }

      bool SkipLock()
      {
        const size_t start = position_;
        if (tokens_[position_].type != TokenType::Word || !AcceptWord("FOR") || !AcceptLockStrength())
        {
          position_ = start;
          return false;
        }
        SkipLockedTables();
        if (!AcceptWords("SKIP", "LOCKED"))
        {
          AcceptWord("NOWAIT");
        }
        return true;
      }

      bool TranslateAny()
      {
        const size_t start = position_;
        if (tokens_[position_].text == "=" && AcceptSymbol("=") && AcceptWord("ANY") && AcceptSymbol("("))
        {
          SkipBlanks();
          if (position_ < tokens_.size() && tokens_[position_].type == TokenType::Parameter)
          {
            const Token& parameter = tokens_[position_++];
            if (AcceptSymbol(")"))
            {
              const bool isSingle = IsSingle(parameter);
              result_.append(isSingle ? "IN (" : "IN (SELECT value FROM json_each(");
              AppendParameter(parameter);
              result_.append(isSingle ? ")" : "))");
              return true;
            }
          }
        }
        position_ = start;
        return false;
      }

      bool TranslateUnnest()
      {
        const size_t start = position_;
        if (tokens_[position_].type == TokenType::Word && AcceptWord("UNNEST") && AcceptSymbol("(") &&
            position_ < tokens_.size() && tokens_[position_].type == TokenType::Parameter)
        {
          const Token& parameter = tokens_[position_++];
          if (AcceptSymbol(")"))
          {
            const bool isSingle = IsSingle(parameter);
            result_.append(isSingle ? "(SELECT " : "json_each(");
            AppendParameter(parameter);
            result_.append(isSingle ? " AS value)" : ")");
            return true;
          }
        }
        position_ = start;
        return false;
      }

      bool IsSingle(const Token& token) const
      {
        size_t number = 0;
        std::from_chars(token.text.data() + 1, token.text.data() + token.text.size(), number);
        return number >= 1 && number <= singles_.size() && singles_.test(number - 1);
      }

      void AppendParameter(const Token& token)
      {
        result_.push_back('?');
        result_.append(token.text.substr(1));
      }

      const SingleValues singles_;
      std::vector<Token> tokens_;
      size_t position_ = 0;
      std::string result_;
    };
  }

  std::string Translate(std::string_view sql, SingleValues singles)
  {
    return Translation(sql, singles).Run();
  }
}
