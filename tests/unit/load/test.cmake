# A mock cluster, as in the tests of shared/kafka.
target_sources(test_load PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/kafka/mock.c)
target_include_directories(test_load PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/kafka)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
target_link_libraries(test_load PRIVATE PkgConfig::RDKAFKA)
