# SPDX-License-Identifier: GPL-3.0-or-later
#
# registry_add_plugin(NAME SOURCE ENGINE): a shared library lib<NAME>.so that exports the four entry points of Orthanc
# and nothing else, and has no undefined symbol besides those of the libraries it declares.

function(registry_add_plugin NAME SOURCE ENGINE)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${SOURCE})
    message(FATAL_ERROR "${SOURCE} is missing")
  endif()
  add_library(${NAME} MODULE ${CMAKE_SOURCE_DIR}/${SOURCE})
  target_link_libraries(${NAME} PRIVATE RegistryPluginEdge ${ENGINE})
  target_compile_definitions(${NAME} PRIVATE REGISTRY_VERSION="${PROJECT_VERSION}")
  set(SCRIPT ${CMAKE_SOURCE_DIR}/Resources/CMake/OrthancPlugin.map)
  target_link_options(${NAME} PRIVATE -Wl,--version-script=${SCRIPT})
  if(NOT REGISTRY_SANITIZE)
    target_link_options(${NAME} PRIVATE -Wl,--no-undefined)
  endif()
  set_target_properties(${NAME} PROPERTIES LINK_DEPENDS ${SCRIPT})
endfunction()
