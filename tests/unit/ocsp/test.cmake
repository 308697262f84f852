# Software CAs and requests come from the tests of shared/pki.
target_sources(test_ocsp PRIVATE
               ${CMAKE_CURRENT_SOURCE_DIR}/pki/support.c
               ${CMAKE_CURRENT_SOURCE_DIR}/pki/ocsp_support.c)
target_include_directories(test_ocsp PRIVATE
                           ${CMAKE_CURRENT_SOURCE_DIR}/pki)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
target_link_libraries(test_ocsp PRIVATE PkgConfig::CRYPTO)
