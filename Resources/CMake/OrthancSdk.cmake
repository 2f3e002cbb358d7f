# SPDX-License-Identifier: GPL-3.0-or-later
#
# The Orthanc plugin SDK, from Debian's package orthanc-dev. Target OrthancSdk: headers and the protobuf classes of
# the database API. What an SDK lacks is found out here, and only here, by looking for its names:
#   REGISTRY_SDK_HAS_STREAM_ANSWER    (1.12.6)  answers of unknown length
#   REGISTRY_SDK_HAS_CUSTOM_DATA      (1.12.8)  custom data of attachments, storage area 3, key-value stores, queues
#   REGISTRY_SDK_HAS_AUDIT_LOGS       (1.12.9)  audit log handler
#   REGISTRY_SDK_HAS_STABLE_STATUS    (1.12.9)  stable status of resources
#   REGISTRY_SDK_HAS_RESERVE_QUEUE    (1.12.10) reservation of queued values

find_path(ORTHANC_SDK_DIR orthanc/OrthancCPlugin.h REQUIRED)
find_program(PROTOC_PROGRAM protoc REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PROTOBUF_LITE REQUIRED IMPORTED_TARGET protobuf-lite)

set(ORTHANC_SDK_PROTO ${ORTHANC_SDK_DIR}/orthanc/OrthancDatabasePlugin.proto)
set(ORTHANC_SDK_HEADER ${ORTHANC_SDK_DIR}/orthanc/OrthancCPlugin.h)

file(STRINGS ${ORTHANC_SDK_HEADER} SDK_NUMBERS REGEX "define ORTHANC_PLUGINS_MINIMAL_(MAJOR|MINOR|REVISION)_NUMBER")
string(REGEX REPLACE "[^0-9;]" "" SDK_NUMBERS "${SDK_NUMBERS}")
list(JOIN SDK_NUMBERS "." ORTHANC_SDK_VERSION)
message(STATUS "Orthanc plugin SDK: ${ORTHANC_SDK_VERSION}")

add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/Sdk/OrthancDatabasePlugin.pb.cc ${CMAKE_BINARY_DIR}/Sdk/OrthancDatabasePlugin.pb.h
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/Sdk
  COMMAND ${PROTOC_PROGRAM} --cpp_out=${CMAKE_BINARY_DIR}/Sdk -I ${ORTHANC_SDK_DIR}/orthanc ${ORTHANC_SDK_PROTO}
  DEPENDS ${ORTHANC_SDK_PROTO})

add_library(OrthancSdk STATIC ${CMAKE_BINARY_DIR}/Sdk/OrthancDatabasePlugin.pb.cc)
set_source_files_properties(${CMAKE_BINARY_DIR}/Sdk/OrthancDatabasePlugin.pb.cc PROPERTIES COMPILE_OPTIONS -w)
target_include_directories(OrthancSdk SYSTEM PUBLIC ${ORTHANC_SDK_DIR} ${CMAKE_BINARY_DIR}/Sdk)
target_link_libraries(OrthancSdk PUBLIC PkgConfig::PROTOBUF_LITE)

function(registry_detect NAME FILE PATTERN)
  file(STRINGS ${FILE} FOUND REGEX ${PATTERN} LIMIT_COUNT 1)
  if(FOUND)
    target_compile_definitions(OrthancSdk PUBLIC ${NAME}=1)
    message(STATUS "  ${NAME}: yes")
  else()
    target_compile_definitions(OrthancSdk PUBLIC ${NAME}=0)
    message(STATUS "  ${NAME}: no")
  endif()
endfunction()

registry_detect(REGISTRY_SDK_HAS_STREAM_ANSWER ${ORTHANC_SDK_HEADER} "OrthancPluginStartStreamAnswer")
registry_detect(REGISTRY_SDK_HAS_CUSTOM_DATA ${ORTHANC_SDK_PROTO} "OPERATION_SET_ATTACHMENT_CUSTOM_DATA")
registry_detect(REGISTRY_SDK_HAS_AUDIT_LOGS ${ORTHANC_SDK_HEADER} "OrthancPluginRegisterAuditLogHandler")
registry_detect(REGISTRY_SDK_HAS_STABLE_STATUS ${ORTHANC_SDK_HEADER} "OrthancPluginSetStableStatus")
registry_detect(REGISTRY_SDK_HAS_RESERVE_QUEUE ${ORTHANC_SDK_PROTO} "OPERATION_RESERVE_QUEUE_VALUE")
