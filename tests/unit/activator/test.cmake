# A real token, and software CAs.
target_sources(test_activator PRIVATE
               ${CMAKE_CURRENT_SOURCE_DIR}/hsm/fixture.c
               ${CMAKE_CURRENT_SOURCE_DIR}/pki/support.c)
pkg_check_modules(P11_KIT REQUIRED p11-kit-1)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
target_include_directories(test_activator PRIVATE
                           ${CMAKE_CURRENT_SOURCE_DIR}/hsm
                           ${CMAKE_CURRENT_SOURCE_DIR}/pki)
target_include_directories(test_activator SYSTEM PRIVATE
                           ${P11_KIT_INCLUDE_DIRS})
target_link_libraries(test_activator PRIVATE PkgConfig::CRYPTO
                      ${CMAKE_DL_LIBS})
