// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Spelling.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace OrthancRegistry
{
  namespace
  {
    constexpr size_t SHORTENED = 2; // as many edits as a name that was cut off counts

    bool IsSameLetter(char a, char b)
    {
      const auto toLower = [](char c)
      {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      };
      return toLower(a) == toLower(b);
    }

    bool IsBeginning(std::string_view beginning, std::string_view word)
    {
      return !beginning.empty() && beginning.size() <= word.size() &&
             std::equal(beginning.begin(), beginning.end(), word.begin(), IsSameLetter);
    }
  }

  size_t GetEditDistance(std::string_view first, std::string_view second)
  {
    // Rows of the table of the distances of all beginnings: of the last two letters of "first", and this one
    std::vector<size_t> beforeLast;
    std::vector<size_t> last(second.size() + 1);
    std::vector<size_t> current(second.size() + 1);
    std::iota(last.begin(), last.end(), 0);
    for (size_t i = 1; i <= first.size(); i++)
    {
      current[0] = i;
      for (size_t j = 1; j <= second.size(); j++)
      {
        const size_t replaced = last[j - 1] + (IsSameLetter(first[i - 1], second[j - 1]) ? 0 : 1);
        current[j] = std::min({replaced, last[j] + 1, current[j - 1] + 1});
        if (i > 1 && j > 1 && IsSameLetter(first[i - 1], second[j - 2]) &&
            IsSameLetter(first[i - 2], second[j - 1]))
        {
          current[j] = std::min(current[j], beforeLast[j - 2] + 1);
        }
      }
      beforeLast = std::exchange(last, current);
    }
    return last.back();
  }

  const std::string* FindClosest(std::string_view word, const std::set<std::string>& words)
  {
    const std::string* closest = nullptr;
    size_t shortest = std::numeric_limits<size_t>::max();
    for (const std::string& candidate : words)
    {
      size_t distance = GetEditDistance(word, candidate);
      if (IsBeginning(word, candidate) || IsBeginning(candidate, word))
      {
        distance = std::min(distance, SHORTENED);
      }
      if (distance < shortest)
      {
        shortest = distance;
        closest = &candidate;
      }
    }
    return closest;
  }
}
