# Units, accounts, configuration and documents, as packages install them.
set(units ${CMAKE_SOURCE_DIR}/systemd)
set(packaging ${CMAKE_SOURCE_DIR}/packaging)

foreach(program agent aggregator)
  set(name chorus-${program})
  set(doc ${CMAKE_INSTALL_DATADIR}/doc/${name})
  install(FILES ${units}/${name}.service DESTINATION ${CHORUS_UNIT_DIR} COMPONENT ${program})
  install(FILES ${units}/${name}.sysusers DESTINATION /usr/lib/sysusers.d RENAME ${name}.conf
          COMPONENT ${program})
  install(FILES ${units}/${name}.tmpfiles DESTINATION /usr/lib/tmpfiles.d RENAME ${name}.conf
          COMPONENT ${program})
endforeach()

# The agent's holds no secret: its token has a file of its own.
install(FILES ${built}/etc/agent.conf DESTINATION /etc/chorus COMPONENT agent)
install(FILES ${built}/etc/aggregator.conf DESTINATION /etc/chorus COMPONENT aggregator
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)

set(doc ${CMAKE_INSTALL_DATADIR}/doc)
install(FILES ${units}/process-figures.conf ${units}/kernel-log.conf ${units}/clock-figures.conf COMPONENT agent
        DESTINATION ${doc}/chorus-agent/examples)
install(FILES ${packaging}/docs/operators-guide.md ${packaging}/docs/troubleshooting.md
              ${packaging}/docs/alert-rules.md
        COMPONENT aggregator DESTINATION ${doc}/chorus-aggregator)
foreach(folder grafana prometheus nginx haproxy)
  install(DIRECTORY ${packaging}/${folder} COMPONENT aggregator
          DESTINATION ${doc}/chorus-aggregator/examples FILE_PERMISSIONS OWNER_READ OWNER_WRITE
          GROUP_READ WORLD_READ)
endforeach()

if(CHORUS_PACKAGING STREQUAL RPM)
  foreach(program agent aggregator)
    install(FILES ${CMAKE_SOURCE_DIR}/LICENSE COMPONENT ${program}
            DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/chorus-${program})
  endforeach()
endif()
if(CHORUS_PORTABLE_AGENT)
  # The one library without a static form; found by the program's own RUNPATH.
  find_library(SIMDJSON_LIBRARY simdjson REQUIRED)
  file(REAL_PATH ${SIMDJSON_LIBRARY} simdjson_file)
  string(REGEX MATCH "libsimdjson\\.so\\.[0-9]+" simdjson_soname ${simdjson_file})
  install(PROGRAMS ${simdjson_file} DESTINATION lib/chorus-agent RENAME ${simdjson_soname}
          COMPONENT agent)
endif()
