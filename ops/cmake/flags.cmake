# Compiler and linker flags of every target.
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wundef
  -Wformat=2 -Wvla -Wimplicit-fallthrough -Werror
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= # logs name files of the tree
  -fno-common -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_C_COMPILER_ID STREQUAL Clang)
  # To clang every enum is unsigned, and each use of one as an int a warning;
  # and so is a variable that is there for what happens when it ends.
  add_compile_options(-Wno-sign-conversion -Wno-unused-variable)
endif()
add_compile_definitions(_GNU_SOURCE CERTFLOW_VERSION="${PROJECT_VERSION}")
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(CERTFLOW_SANITIZE)
  add_compile_options(-fsanitize=${CERTFLOW_SANITIZE}
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CERTFLOW_SANITIZE})
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
