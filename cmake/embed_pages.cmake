# embed_pages(MODULE [FILES FILE...] [BUNDLES PACKAGE...]): adds to the variable EMBEDDED_PAGES a C++ file that defines
# veil::MODULE::embedded_files() with everything the module's pages load: what is in src/MODULE/pages, FILES of the npm
# packages that package-lock.json pins there, and for each of BUNDLES the package with all it needs as one ES module,
# PACKAGE.js, beside the licenses in PACKAGE.LICENSE.txt. The packages are downloaded when the server is built, once for
# all build folders and again when the lock file changes.
set(VEIL_NPM_DIR ${CMAKE_SOURCE_DIR}/build/npm CACHE PATH "where the packages of the pages are downloaded")

# Adds the command that makes what comes from packages in the folder TO, and sets OUTPUT to the names of the files.
function(fetch_pages output module to files bundles)
    find_program(NPM npm)
    find_program(NODE NAMES node nodejs)
    if(NOT NPM OR NOT NODE)
        message(FATAL_ERROR "npm is missing: it downloads what pages are made of (Debian: apt-get install nodejs npm)")
    endif()
    set(dir ${CMAKE_SOURCE_DIR}/src/${module}/pages)
    set(made "")
    foreach(file IN LISTS files)
        get_filename_component(name ${file} NAME)
        list(APPEND made ${to}/${name})
    endforeach()
    foreach(package IN LISTS bundles)
        list(APPEND made ${to}/${package}.js ${to}/${package}.LICENSE.txt)
    endforeach()
    add_custom_command(
        OUTPUT ${made}
        DEPENDS ${dir}/package.json ${dir}/package-lock.json ${CMAKE_SOURCE_DIR}/cmake/fetch_pages.cmake
        COMMAND ${CMAKE_COMMAND} -DNPM=${NPM} -DNODE=${NODE} -DFROM=${dir} -DDOWNLOAD=${VEIL_NPM_DIR}/${module} -DTO=${to}
                "-DFILES=${files}" "-DBUNDLES=${bundles}" -P ${CMAKE_SOURCE_DIR}/cmake/fetch_pages.cmake
        COMMENT "Fetching the packages of the pages of ${module}"
        VERBATIM)
    set(${output} ${made} PARENT_SCOPE)
endfunction()

function(embed_pages module)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FILES;BUNDLES")
    set(dir ${CMAKE_SOURCE_DIR}/src/${module}/pages)
    file(GLOB files CONFIGURE_DEPENDS ${dir}/*.html ${dir}/*.css ${dir}/*.js ${dir}/*.svg)
    fetch_pages(fetched ${module} ${CMAKE_BINARY_DIR}/generated/${module} "${arg_FILES}" "${arg_BUNDLES}")
    list(APPEND files ${fetched})
    set(arrays "")
    set(table "")
    foreach(file IN LISTS files)
        get_filename_component(name ${file} NAME)
        string(MAKE_C_IDENTIFIER ${name} array)
        string(APPEND arrays "constexpr char ${array}[] = {\n#embed \"${file}\"\n};\n")
        string(APPEND table "        {\"${name}\", {${array}, sizeof ${array}}},\n")
    endforeach()
    set(text "#include <${module}/files.hpp>\n\nnamespace veil::${module} {\nnamespace {\n${arrays}}  // namespace\n\n")
    string(APPEND text "http::embedded_files embedded_files() {\n    static constexpr http::embedded_file all[] = {\n")
    string(APPEND text "${table}    };\n    return all;\n}\n}  // namespace veil::${module}\n")
    set(output ${CMAKE_BINARY_DIR}/generated/${module}_pages.cpp)
    file(CONFIGURE OUTPUT ${output} CONTENT "@text@" @ONLY)
    # #embed is of C++26; Clang 19 has it in every mode and says so.
    set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${files}" COMPILE_OPTIONS -Wno-c23-extensions)
    set(EMBEDDED_PAGES ${EMBEDDED_PAGES} ${output} PARENT_SCOPE)
endfunction()
