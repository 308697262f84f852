# A real token, as in the tests of shared/hsm.
target_sources(test_keygen PRIVATE
               ${CMAKE_CURRENT_SOURCE_DIR}/hsm/fixture.c)
pkg_check_modules(P11_KIT REQUIRED p11-kit-1)
target_include_directories(test_keygen PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/hsm)
target_include_directories(test_keygen SYSTEM PRIVATE ${P11_KIT_INCLUDE_DIRS})
target_link_libraries(test_keygen PRIVATE ${CMAKE_DL_LIBS})
