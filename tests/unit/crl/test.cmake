# Software CAs come from the tests of shared/pki.
target_sources(test_crl PRIVATE
               ${CMAKE_CURRENT_SOURCE_DIR}/pki/support.c)
target_include_directories(test_crl PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/pki)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
target_link_libraries(test_crl PRIVATE PkgConfig::CRYPTO)
