// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "Framework/Common/Errors.h"
#include "Framework/Plugin/HttpCall.h"

#include <orthanc/OrthancCPlugin.h>

namespace OrthancRegistry
{
  inline HttpMethod FromSdk(OrthancPluginHttpMethod method)
  {
    switch (method)
    {
    case OrthancPluginHttpMethod_Post:
      return HttpMethod::Post;
    case OrthancPluginHttpMethod_Put:
      return HttpMethod::Put;
    case OrthancPluginHttpMethod_Delete:
      return HttpMethod::Delete;
    default:
      return HttpMethod::Get;
    }
  }

  inline OrthancPluginHttpMethod ToSdk(HttpMethod method)
  {
    switch (method)
    {
    case HttpMethod::Get:
      return OrthancPluginHttpMethod_Get;
    case HttpMethod::Post:
      return OrthancPluginHttpMethod_Post;
    case HttpMethod::Put:
      return OrthancPluginHttpMethod_Put;
    case HttpMethod::Delete:
      return OrthancPluginHttpMethod_Delete;
    }
    throw RegistryError(ErrorCode::ParameterOutOfRange, "Unknown HTTP method");
  }
}
