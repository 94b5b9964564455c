# shellcheck shell=bash
# The templating step: prints a template with every @NAME@ replaced by the variable NAME. The values land in quoted
# strings of configuration files, so one that could end such a string is refused, and so is an unset name.

render() {
    local text out='' name
    text=$(<"$1")
    while [[ $text =~ @([A-Z][A-Z0-9_]*)@ ]]; do
        name=${BASH_REMATCH[1]}
        [[ -v $name ]] || die "$1: nothing to put in the place of @$name@"
        [[ ${!name} != *[[:cntrl:]\"\'\\]* ]] ||
            die "$name holds a quote, a backslash or a control character, which ${1##*/} cannot take"
        out+=${text%%"@$name@"*}${!name}
        text=${text#*"@$name@"}
    done
    printf '%s\n' "$out$text"
}

# render_to USER TEMPLATE FILE: nothing is written when the template cannot be filled.
render_to() {
    local text
    text=$(render "$2")
    put_file "$1" "$3" <<<"$text"
}
