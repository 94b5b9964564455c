# embed_pages(OUTPUT DIR): writes OUTPUT, a C++ file that defines veil::docs::embedded_files() with everything the pages
# /docs and /redoc load: the pages of DIR, and files of the npm packages that DIR/package-lock.json pins. The packages
# are downloaded when the server is built, once for all build folders and again when the lock file changes.
set(VEIL_NPM_DIR ${CMAKE_SOURCE_DIR}/build/npm CACHE PATH "where the packages of the pages are downloaded")

set(PACKAGED_FILES
    swagger-ui-dist/swagger-ui.css swagger-ui-dist/swagger-ui-bundle.js
    swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt swagger-ui-dist/favicon-32x32.png
    redoc/bundles/redoc.standalone.js redoc/bundles/redoc.standalone.js.LICENSE.txt)

function(embed_pages output dir)
    find_program(NPM npm)
    if(NOT NPM)
        message(FATAL_ERROR "npm is missing: it downloads /docs and /redoc (Debian: apt-get install nodejs npm)")
    endif()
    file(GLOB files CONFIGURE_DEPENDS ${dir}/*.html ${dir}/*.css ${dir}/*.js)
    get_filename_component(fetched ${output} DIRECTORY)
    set(fetched ${fetched}/pages)
    foreach(file IN LISTS PACKAGED_FILES)
        get_filename_component(name ${file} NAME)
        list(APPEND packaged ${fetched}/${name})
    endforeach()
    add_custom_command(
        OUTPUT ${packaged}
        DEPENDS ${dir}/package.json ${dir}/package-lock.json ${CMAKE_SOURCE_DIR}/cmake/fetch_pages.cmake
        COMMAND ${CMAKE_COMMAND} -DNPM=${NPM} -DFROM=${dir} -DDOWNLOAD=${VEIL_NPM_DIR} -DTO=${fetched}
                "-DFILES=${PACKAGED_FILES}" -P ${CMAKE_SOURCE_DIR}/cmake/fetch_pages.cmake
        COMMENT "Fetching the packages of /docs and /redoc"
        VERBATIM)

    list(APPEND files ${packaged})
    set(arrays "")
    set(table "")
    foreach(file IN LISTS files)
        get_filename_component(name ${file} NAME)
        string(MAKE_C_IDENTIFIER ${name} array)
        string(APPEND arrays "constexpr char ${array}[] = {\n#embed \"${file}\"\n};\n")
        string(APPEND table "        {\"${name}\", {${array}, sizeof ${array}}},\n")
    endforeach()
    set(text "#include <docs/files.hpp>\n\nnamespace veil::docs {\nnamespace {\n${arrays}}  // namespace\n\n")
    string(APPEND text "std::span<const file> embedded_files() {\n    static constexpr file all[] = {\n${table}    };\n")
    string(APPEND text "    return all;\n}\n}  // namespace veil::docs\n")
    file(CONFIGURE OUTPUT ${output} CONTENT "@text@" @ONLY)
    # #embed is of C++26; Clang 19 has it in every mode and says so.
    set_source_files_properties(${output} PROPERTIES OBJECT_DEPENDS "${files}" COMPILE_OPTIONS -Wno-c23-extensions)
endfunction()
