# SPDX-License-Identifier: GPL-3.0-or-later
# Warnings, sanitizers and the compiler cache, for all targets of the project.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(REGISTRY_WERROR)
  add_compile_options(-Werror)
endif()

if(REGISTRY_SANITIZE)
  add_compile_options(-fsanitize=${REGISTRY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${REGISTRY_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
