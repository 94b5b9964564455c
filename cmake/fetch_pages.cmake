# Downloads the packages that FROM/package-lock.json pins into DOWNLOAD, unless they are there, copies FILES of them to
# TO, and makes one ES module of each of BUNDLES there. Run by embed_pages as cmake -DNPM=... -DNODE=... -DFROM=...
# -DDOWNLOAD=... -DTO=... -DFILES=... -DBUNDLES=... -P.
cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY ${DOWNLOAD})
file(LOCK ${DOWNLOAD}/lock TIMEOUT 900 RESULT_VARIABLE locked)  # other build folders share it
if(locked)
    message(FATAL_ERROR "${DOWNLOAD} cannot be locked: ${locked}")
endif()
file(SHA256 ${FROM}/package-lock.json wanted)
set(present "")
if(EXISTS ${DOWNLOAD}/complete)
    file(READ ${DOWNLOAD}/complete present)
endif()
if(NOT present STREQUAL wanted)
    file(REMOVE ${DOWNLOAD}/complete)
    file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${DOWNLOAD})
    # No package's script runs, and what only a program around ReDoc would need is left out.
    execute_process(COMMAND ${NPM} ci --ignore-scripts --omit=peer --no-audit --no-fund --loglevel=error
                    WORKING_DIRECTORY ${DOWNLOAD} RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "npm could not download the packages of ${FROM}/package-lock.json")
    endif()
    file(WRITE ${DOWNLOAD}/complete ${wanted})
endif()

foreach(file IN LISTS FILES)
    file(COPY ${DOWNLOAD}/node_modules/${file} DESTINATION ${TO})
    get_filename_component(name ${file} NAME)
    file(TOUCH ${TO}/${name})
endforeach()

# The licenses of everything beside the bundler, which leaves nothing of itself in what it makes.
function(write_licenses to)
    file(GLOB packages LIST_DIRECTORIES true ${DOWNLOAD}/node_modules/*)
    set(text "")
    foreach(package IN LISTS packages)
        get_filename_component(name ${package} NAME)
        if(name MATCHES "^([.].*|@?esbuild)$")
            continue()
        endif()
        file(GLOB license ${package}/LICENSE* ${package}/license*)
        list(LENGTH license count)
        if(NOT count EQUAL 1)
            message(FATAL_ERROR "the package ${name} has ${count} licenses; see which one belongs into the bundle")
        endif()
        file(READ ${license} one)
        string(APPEND text "${name}\n\n${one}\n\n")
    endforeach()
    file(WRITE ${to} "${text}")
endfunction()

foreach(package IN LISTS BUNDLES)
    execute_process(COMMAND ${NODE} node_modules/esbuild/bin/esbuild ${package} --bundle --minify --format=esm
                            --platform=browser --target=es2022 --legal-comments=none --log-level=warning
                            --outfile=${TO}/${package}.js
                    WORKING_DIRECTORY ${DOWNLOAD} RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "${package} could not be bundled")
    endif()
    write_licenses(${TO}/${package}.LICENSE.txt)
endforeach()

# ReDoc shows its maker's logo from the maker's own host, which would learn who reads; an empty picture shows none.
if("redoc/bundles/redoc.standalone.js" IN_LIST FILES)
    set(logo "https://cdn.redoc.ly/redoc/logo-mini.svg")
    file(READ ${TO}/redoc.standalone.js redoc)
    string(FIND "${redoc}" "${logo}" found)
    if(found EQUAL -1)
        message(FATAL_ERROR "redoc.standalone.js does not load ${logo} any more: see what it loads instead")
    endif()
    string(REPLACE "${logo}" "data:," redoc "${redoc}")
    file(WRITE ${TO}/redoc.standalone.js "${redoc}")
endif()
