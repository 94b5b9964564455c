# Downloads the packages that FROM/package-lock.json pins into DOWNLOAD, unless they are there, and copies FILES of them
# to TO. Run by embed_pages as cmake -DNPM=... -DFROM=... -DDOWNLOAD=... -DTO=... -DFILES=... -P.
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

# ReDoc shows its maker's logo from the maker's own host, which would learn who reads; an empty picture shows none.
set(logo "https://cdn.redoc.ly/redoc/logo-mini.svg")
file(READ ${TO}/redoc.standalone.js redoc)
string(FIND "${redoc}" "${logo}" found)
if(found EQUAL -1)
    message(FATAL_ERROR "redoc.standalone.js does not load ${logo} any more: see what it loads instead")
endif()
string(REPLACE "${logo}" "data:," redoc "${redoc}")
file(WRITE ${TO}/redoc.standalone.js "${redoc}")
