# Builds the dashboard, compresses every file once and writes a C++ table of them.
#
#   cmake -DMODE=AUTO|ON|OFF -DNPM=path -DWEB=dir -DDOCS=dir -DWORK=dir -DEMBEDDED=file.cpp
#         -DOPENAPI=file -DSTAMP=file -P build_assets.cmake
#
# Nothing is written into the source folder. Packages come from npm by the lock file, without
# running their scripts. If they cannot be had, the program is built without the pages and says so
# when it is asked for them; with MODE=ON that is an error.
set(out ${WORK}/pages)
set(copy ${WORK}/web)
file(REMOVE_RECURSE ${out})
file(MAKE_DIRECTORY ${out} ${copy})
file(REMOVE ${STAMP})

function(leave_out reason)
  if(MODE STREQUAL ON)
    message(FATAL_ERROR "The dashboard cannot be built: ${reason}")
  endif()
  message(WARNING "The program is built without the dashboard: ${reason}")
endfunction()

# Sets `ready` once node_modules holds what the lock file names.
function(install_packages)
  set(ready FALSE PARENT_SCOPE)
  file(SHA256 ${WEB}/package-lock.json wanted)
  set(mark ${copy}/node_modules/.lock)
  set(installed "")
  if(EXISTS ${mark})
    file(READ ${mark} installed)
  endif()
  if(NOT installed STREQUAL wanted)
    execute_process(
      COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline
      WORKING_DIRECTORY ${copy} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said
      TIMEOUT 300)
    if(failed)
      leave_out("npm ci failed: ${said}")
      return()
    endif()
    file(WRITE ${mark} ${wanted})
  endif()
  set(ready TRUE PARENT_SCOPE)
endfunction()

function(build_pages)
  file(REMOVE_RECURSE ${copy}/src)
  file(GLOB sources ${WEB}/*.json ${WEB}/*.mjs ${WEB}/src)
  file(COPY ${sources} ${WEB}/.npmrc DESTINATION ${copy})
  install_packages()
  if(NOT ready)
    return()
  endif()
  # Mistakes in our own sources are always an error; so is a page that reads what the API's
  # description does not have.
  execute_process(COMMAND ${CMAKE_COMMAND} -E env OPENAPI=${OPENAPI}
                          ${NPM} run --silent build -- ${out}/ui
                  WORKING_DIRECTORY ${copy} COMMAND_ERROR_IS_FATAL ANY)
  # Only these files of swagger-ui: its package also brings one that counts installations.
  set(swagger ${copy}/node_modules/swagger-ui-dist)
  file(COPY ${swagger}/swagger-ui-bundle.js ${swagger}/swagger-ui.css ${swagger}/LICENSE
            ${swagger}/NOTICE DESTINATION ${out}/docs)
  file(GLOB docs ${DOCS}/*)
  file(COPY ${docs} DESTINATION ${out}/docs)
endfunction()

if(MODE STREQUAL OFF)
  file(TOUCH ${STAMP})
elseif(NOT NPM)
  file(TOUCH ${STAMP})  # will not be there at the next build either
  leave_out("Node and npm are not installed")
else()
  build_pages()
  if(ready OR EXISTS ${out}/ui/index.html)
    file(TOUCH ${STAMP})
  endif()
endif()

file(COPY ${OPENAPI} DESTINATION ${out})
set(DATA "")
set(ROWS "")
set(number 0)
file(GLOB_RECURSE files RELATIVE ${out} ${out}/*)
list(SORT files)
foreach(name ${files})
  execute_process(COMMAND gzip -9 --no-name --stdout ${out}/${name}
                  OUTPUT_FILE ${out}/${name}.packed COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${out}/${name} hash)
  string(SUBSTRING ${hash} 0 32 tag)
  file(SIZE ${out}/${name} size)
  string(APPEND DATA
    "__asm__(\".section .rodata\\n\"\n"
    "        \"chorus_asset_${number}: .incbin \\\"${out}/${name}.packed\\\"\\n\"\n"
    "        \"chorus_asset_${number}_end:\\n\"\n"
    "        \".previous\\n\");\n"
    "extern const char chorus_asset_${number}[];\n"
    "extern const char chorus_asset_${number}_end[];\n")
  string(APPEND ROWS
    "        {\"${name}\", \"${tag}\", {chorus_asset_${number}, chorus_asset_${number}_end}, ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${EMBEDDED}
"// Made by build_assets.cmake.
#include \"aggregator/assets/assets.h\"

extern \"C\" {
${DATA}}

namespace chorus::assets {

const std::vector<Asset>& embedded() {
    static const std::vector<Asset> table{
${ROWS}    };
    return table;
}

}  // namespace chorus::assets
")
