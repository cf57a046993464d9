# The Debian packages, one for each component. The environment's SOURCE_DATE_EPOCH is the time of
# everything in them, so that the same sources give the same bytes.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME chorus)
set(CPACK_PACKAGE_VENDOR "Chorus Process Monitor maintainers")
set(CPACK_PACKAGE_CONTACT "Chorus Process Monitor maintainers <maintainers@chorus.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL agent aggregator)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each has its own, the first line
set(CPACK_DEBIAN_AGENT_DESCRIPTION "agent that sends metrics of this host to an aggregator
It reads the kernel's files about the host and each of its processes every
half a minute and sends them to an aggregator, which keeps their history.
It needs no privilege, keeps what cannot be delivered on disk, and each
batch is stored exactly once.")
set(CPACK_DEBIAN_AGGREGATOR_DESCRIPTION "server that keeps and shows what Chorus agents send
It takes batches of Chorus agents over HTTP, stores them in PostgreSQL,
keeps the latest values in Redis, raises alerts and serves a dashboard and
a REST API: system metrics and the whole process table of every host at any
moment of the last days.")
set(CPACK_DEBIAN_AGENT_PACKAGE_NAME chorus-agent)
set(CPACK_DEBIAN_AGENT_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "ca-certificates, libssl3")
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_NAME chorus-aggregator)
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_RECOMMENDS "chorus-agent, postgresql, redis-server")
set(CPACK_DEBIAN_AGGREGATOR_PACKAGE_SUGGESTS "grafana, prometheus")

find_program(GZIP gzip REQUIRED)
foreach(program agent aggregator)
  set(name chorus-${program})
  string(TOUPPER ${program} upper)
  set(doc ${CMAKE_INSTALL_DATADIR}/doc/${name})
  foreach(script postinst prerm postrm conffiles)
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/deb/${script}.in deb/${program}/${script} @ONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
      WORLD_EXECUTE)
  endforeach()
  file(CHMOD ${CMAKE_CURRENT_BINARY_DIR}/deb/${program}/conffiles
       PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "")
  foreach(script postinst prerm postrm conffiles)
    list(APPEND CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA
         ${CMAKE_CURRENT_BINARY_DIR}/deb/${program}/${script})
  endforeach()

  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/deb/changelog.in deb/${program}/changelog.Debian @ONLY)
  add_custom_command(OUTPUT ${built}/deb/${program}/changelog.Debian.gz
    COMMAND sh -c "${GZIP} -9nc ${built}/deb/${program}/changelog.Debian > ${built}/deb/${program}/changelog.Debian.gz"
    COMMAND sh -c "${GZIP} -9nc ${CMAKE_SOURCE_DIR}/CHANGELOG.md > ${built}/deb/${program}/changelog.gz"
    DEPENDS ${built}/deb/${program}/changelog.Debian ${CMAKE_SOURCE_DIR}/CHANGELOG.md VERBATIM)
  add_custom_target(chorus-changelog-${program} ALL
                    DEPENDS ${built}/deb/${program}/changelog.Debian.gz)
  install(FILES ${built}/deb/${program}/changelog.Debian.gz ${built}/deb/${program}/changelog.gz
          DESTINATION ${doc} COMPONENT ${program})
  install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/deb/${name}.copyright DESTINATION ${doc}
          RENAME copyright COMPONENT ${program})
  install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/deb/${name}.lintian-overrides COMPONENT ${program}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${name}
          PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endforeach()
# Debian's manual pages are compressed.
install(CODE "
  file(GLOB pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man?/*.?\")
  foreach(page \${pages})
    execute_process(COMMAND ${GZIP} -9nf \${page} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()" ALL_COMPONENTS)
include(CPack)
