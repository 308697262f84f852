# The tests look at the token past shared/hsm: the PKCS#11 header.
pkg_check_modules(P11_KIT REQUIRED p11-kit-1)
target_include_directories(test_hsm SYSTEM PRIVATE ${P11_KIT_INCLUDE_DIRS})
target_link_libraries(test_hsm PRIVATE ${CMAKE_DL_LIBS})
