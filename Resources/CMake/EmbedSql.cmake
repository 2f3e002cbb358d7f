# SPDX-License-Identifier: GPL-3.0-or-later
#
# registry_embed_sql(VARIABLE ENGINE): turns the migrations ENGINE/Migrations/<Component>/NNNN-name.sql into one
# generated source that defines, in namespace OrthancRegistry::ENGINE, the function
#   std::span<const Migration> GetMigrations(std::string_view component)
# declared in ENGINE/EmbeddedMigrations.h, and sets VARIABLE to the generated file.
#
# registry_embed_next_sql(VARIABLE ENGINE FUNCTION HEADER): the same, followed by the scripts
# UnitTests/NextVersion/ENGINE/<Component>/*.sql, which get the numbers that come next. They make a next version of the
# plugin that only the tests know. The function and the header that declares it have the names that are given.

function(registry_write_migrations OUTPUT ENGINE FUNCTION HEADER NEXT)
  set(ROOT ${CMAKE_SOURCE_DIR}/${ENGINE}/Migrations)
  file(GLOB_RECURSE SCRIPTS CONFIGURE_DEPENDS ${ROOT}/*.sql)
  if(NEXT)
    file(GLOB_RECURSE FURTHER CONFIGURE_DEPENDS ${NEXT}/*.sql)
  endif()
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DENGINE=${ENGINE} -DROOT=${ROOT} -DNEXT=${NEXT} -DFUNCTION=${FUNCTION}
            -DHEADER=${HEADER} -DOUTPUT=${OUTPUT} -P ${CMAKE_SOURCE_DIR}/Resources/CMake/WriteMigrations.cmake
    DEPENDS ${SCRIPTS} ${FURTHER} ${CMAKE_SOURCE_DIR}/Resources/CMake/WriteMigrations.cmake
    COMMENT "Embedding the ${ENGINE} migrations")
endfunction()

function(registry_embed_sql VARIABLE ENGINE)
  set(OUTPUT ${CMAKE_BINARY_DIR}/${ENGINE}Migrations.cpp)
  registry_write_migrations(${OUTPUT} ${ENGINE} GetMigrations ${ENGINE}/EmbeddedMigrations.h "")
  set(${VARIABLE} ${OUTPUT} PARENT_SCOPE)
endfunction()

function(registry_embed_next_sql VARIABLE ENGINE FUNCTION HEADER)
  set(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${ENGINE}${FUNCTION}.cpp)
  registry_write_migrations(${OUTPUT} ${ENGINE} ${FUNCTION} ${HEADER} ${CMAKE_SOURCE_DIR}/UnitTests/NextVersion/${ENGINE})
  set(${VARIABLE} ${OUTPUT} PARENT_SCOPE)
endfunction()
