// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Index/Find/KeptIds.h"

namespace OrthancRegistry
{
  namespace
  {
    std::string GetVariable(ResourceLevel level)
    {
      return "'registry.found" + std::to_string(static_cast<int>(level)) + "'";
    }

    std::string KeepColumn(ResourceLevel level, const std::string& column)
    {
      return "(SELECT set_config(" + GetVariable(level) + ", CAST(ARRAY(SELECT " + column +
             " FROM found) AS TEXT), TRUE)) IS NOT NULL";
    }
  }

  std::string KeepFoundIds(const FindRequest& request)
  {
    std::string text = KeepColumn(request.filter.level, "internalId");
    for (size_t level = 0; level < static_cast<size_t>(request.filter.level); level++)
    {
      if (request.parents[level].mainDicomTags || request.parents[level].metadata)
      {
        text += " AND " + KeepColumn(static_cast<ResourceLevel>(level), "ancestor" + std::to_string(level));
      }
    }
    return text;
  }

  std::string GetKeptIds(ResourceLevel level)
  {
    return "CAST(NULLIF(current_setting(" + GetVariable(level) + ", TRUE), '') AS BIGINT[])";
  }
}
