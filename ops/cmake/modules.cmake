# certflow_module(name [PRIVATE_PKG p...] [PUBLIC_PKG p...] [USES module...])
#
# Declares the static library certflow_<name> from all *.c of this folder.
# PRIVATE_PKG are pkg-config modules whose headers only this folder may see:
# that is the "one door per library" rule, enforced by the include path.
# Empty pkg-config include paths (/usr/include) cannot be hidden; the check
# ops/check style greps for those.
function(certflow_module name)
  cmake_parse_arguments(M "" "" "PRIVATE_PKG;PUBLIC_PKG;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  if(NOT sources) # headers alone: nothing to build yet
    add_library(certflow_${name} INTERFACE)
    target_include_directories(certflow_${name} INTERFACE
      ${PROJECT_SOURCE_DIR}/shared ${PROJECT_BINARY_DIR}/generated)
    foreach(use ${M_USES})
      target_link_libraries(certflow_${name} INTERFACE certflow_${use})
    endforeach()
    return()
  endif()
  add_library(certflow_${name} STATIC ${sources})
  target_include_directories(certflow_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/shared ${PROJECT_BINARY_DIR}/generated)
  foreach(pkg ${M_PRIVATE_PKG})
    pkg_check_modules(PKG_${pkg} REQUIRED IMPORTED_TARGET ${pkg})
    target_link_libraries(certflow_${name} PRIVATE PkgConfig::PKG_${pkg})
  endforeach()
  foreach(pkg ${M_PUBLIC_PKG})
    pkg_check_modules(PKG_${pkg} REQUIRED IMPORTED_TARGET ${pkg})
    target_link_libraries(certflow_${name} PUBLIC PkgConfig::PKG_${pkg})
  endforeach()
  foreach(use ${M_USES})
    target_link_libraries(certflow_${name} PUBLIC certflow_${use})
  endforeach()
  target_link_libraries(certflow_${name} PUBLIC Threads::Threads)
endfunction()

# certflow_program(name SOURCES f... USES module...) - an installed program.
function(certflow_program name)
  cmake_parse_arguments(P "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  foreach(use ${P_USES})
    target_link_libraries(${name} PRIVATE certflow_${use})
  endforeach()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# certflow_test(name SOURCES f... USES module...) - a Criterion program,
# registered with ctest; "unit" tests need no service.
function(certflow_test name)
  cmake_parse_arguments(T "" "" "SOURCES;USES;LABELS" ${ARGN})
  pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)
  add_executable(${name} ${T_SOURCES})
  foreach(use ${T_USES})
    target_link_libraries(${name} PRIVATE certflow_${use})
  endforeach()
  target_link_libraries(${name} PRIVATE PkgConfig::CRITERION)
  target_compile_definitions(${name} PRIVATE
    CERTFLOW_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    CERTFLOW_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # Criterion's macros do not survive our stricter warnings.
  target_compile_options(${name} PRIVATE
    -Wno-pedantic -Wno-missing-prototypes -Wno-strict-prototypes
    -Wno-conversion -Wno-sign-conversion)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT T_LABELS)
    set(T_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${T_LABELS}" TIMEOUT 300)
endfunction()
