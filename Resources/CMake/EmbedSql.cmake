# SPDX-License-Identifier: GPL-3.0-or-later
#
# registry_embed_sql(VARIABLE ENGINE): turns the migrations ENGINE/Migrations/<Component>/NNNN-name.sql into one
# generated source that defines, in namespace OrthancRegistry::ENGINE, the function
#   std::span<const Migration> GetMigrations(std::string_view component)
# declared in ENGINE/EmbeddedMigrations.h, and sets VARIABLE to the generated file.

function(registry_embed_sql VARIABLE ENGINE)
  set(OUTPUT ${CMAKE_BINARY_DIR}/${ENGINE}Migrations.cpp)
  file(GLOB_RECURSE SCRIPTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ENGINE}/Migrations/*.sql)
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DENGINE=${ENGINE} -DROOT=${CMAKE_SOURCE_DIR}/${ENGINE}/Migrations -DOUTPUT=${OUTPUT}
            -P ${CMAKE_SOURCE_DIR}/Resources/CMake/WriteMigrations.cmake
    DEPENDS ${SCRIPTS} ${CMAKE_SOURCE_DIR}/Resources/CMake/WriteMigrations.cmake
    COMMENT "Embedding the ${ENGINE} migrations")
  set(${VARIABLE} ${OUTPUT} PARENT_SCOPE)
endfunction()
