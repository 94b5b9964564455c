# shellcheck shell=bash
# The parts of scripts/test.sh: single checks, test programs that report their own counts, and the stacks under test.

# shellcheck disable=SC2034 # read by the script that sources this
OK=0 # how the last check ended
DONE=0 # the summary was printed
PASSED=0
FAILED=0
NOT_RUN=
FOLDER=

# check TITLE COMMAND...: one check, quiet unless it fails.
check() {
    local title=$1 log started
    log=$FOLDER/${1// /-}.log started=$(now_ms)
    echo "==> $title ..."
    shift
    if "$@" >"$log" 2>&1; then
        PASSED=$((PASSED + 1)) OK=1
        say_since "$started" "$title: passed"
    else
        FAILED=$((FAILED + 1)) OK=0
        tail -n 40 -- "$log"
        say_since "$started" "$title: FAILED"
    fi
}

# suite TITLE REPORT COMMAND...: a test program; REPORT prints "passed failed" from what it wrote. A program that failed
# without naming a failed test, or ran none, counts as one failure.
suite() {
    local title=$1 report=$2 log started code=0 passed=0 failed=0
    log=$FOLDER/${1// /-}.log started=$(now_ms)
    echo "==> $title ..."
    shift 2
    "$@" >"$log" 2>&1 || code=$?
    read -r passed failed < <("$report" 2>>"$log") || true
    passed=${passed:-0} failed=${failed:-0}
    ((code == 0 || failed)) && ((passed + failed)) || failed=$((failed + 1))
    PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
    ((failed == 0)) || tail -n 80 -- "$log"
    say_since "$started" "$title: $passed passed, $failed failed"
}

# last_counts LOG: "passed failed" of a program whose last such line is "N passed, N failed".
last_counts() { sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1" | tail -n 1; }

unit_report() {
    /usr/bin/python3 - "$FOLDER/unit.json" <<'PYTHON'
import json, sys
r = json.load(open(sys.argv[1]))
bad = r["failures"] + r.get("disabled", 0) + sum(t.get("result") == "SKIPPED" for s in r["testsuites"] for t in s["testsuite"])
print(r["tests"] - bad, bad)
PYTHON
}

# A skipped test is a failed one: nothing was shown.
integration_report() {
    /usr/bin/python3 - "$FOLDER/integration.xml" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
bad = sum(int(s.get(k, 0)) for s in suites for k in ("errors", "failures", "skipped"))
print(max(0, sum(int(s.get("tests", 0)) for s in suites) - bad), bad)
PYTHON
}

build_debug() { { cmake --preset debug && cmake --build --preset debug; } 2>&1 | with_progress; }

# ThreadSanitizer is for the server and the unit tests; fuzzers and fakes are not built again.
build_tsan() {
    { cmake --preset tsan && cmake --build --preset tsan --target veil-unit-tests veil-api; } 2>&1 | with_progress
}

# What is called and held up is what is delivered.
build_release() {
    { cmake --preset release && cmake --build --preset release --target veil-api veil-fake-push; } 2>&1 | with_progress
}

# What no two stacks may share, beside the folder of their state.
STACK_PORTS=(DB_PORT XMPP_PORT_STARTTLS XMPP_PORT_TLS XMPP_PORT_WS XMPP_PORT_UPLOAD EJABBERD_API_PORT)

# The integration tests wait more than they compute: WORKERS of pytest-xdist run them, gw0 and following. Each has a stack
# of its own, for tests stop services and read whole tables; a file with the worker's name says where it is.
WORKERS=3

# stack_place STATE PORT...: where a stack is, as lines of NAME=VALUE.
stack_place() {
    local name
    echo "VEIL_STATE=$1"
    for name in "${STACK_PORTS[@]}"; do
        shift
        echo "$name=$1"
    done
    echo "EJABBERD_API_URL=https://127.0.0.1:$1/api"
}

# at_stack WORKER: exports where its stack is.
at_stack() {
    local line
    while IFS= read -r line; do export "${line?}"; done <"$VEIL_WORKERS/$1"
}

# Lines of NAME=VALUE: tests and benches ask as fast as they can; what tests the limits sets them.
limits_off() { printf 'RATE_LIMIT_%s=0\n' REGISTER LOGIN LOGIN_FAILURES LOGIN_ACCOUNT PUSH_TEST ACCOUNT ADDRESS; }

# Exports a complete configuration that shares nothing with the developer's stack, and names places for all WORKERS.
own_stack() {
    local name ports each=${#STACK_PORTS[@]} i
    # shellcheck disable=SC2046 # names of variables
    unset $(example_lines | sed 's/^#//; s/=.*//')
    export VEIL_WORKERS=$FOLDER/workers VEIL_CERTS=$FOLDER/certs VEIL_ENV_FILE=$FOLDER/env
    mkdir -p "$VEIL_WORKERS"
    mapfile -t ports < <(free_ports $((WORKERS * each)))
    for ((i = 0; i < WORKERS; i++)); do
        stack_place "$FOLDER/state${i#0}" "${ports[@]:i*each:each}" >"$VEIL_WORKERS/gw$i"
    done
    at_stack gw0
    export EJABBERD_CA_FILE=$VEIL_CERTS/ca.pem VEIL_API_BIN=$ROOT/build/debug/bin/veil-api
    create_env
    load_env
    for name in "${VEIL_NAMES[@]}"; do export "${name?}"; done
    # The tests take any free port for these.
    unset API_PORT ADMIN_PORT
    while IFS= read -r name; do export "${name?}"; done < <(limits_off)
}

# The first one makes the certificates for all; the others start at the same time.
stacks_up() {
    local i pid pids=() code=0
    (at_stack gw0 && exec "$ROOT/scripts/up.sh" db ejabberd) || return
    for ((i = 1; i < WORKERS; i++)); do
        (at_stack "gw$i" && exec "$ROOT/scripts/up.sh" db ejabberd) &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || code=1; done
    return "$code"
}

# The logs are copied first: a wipe removes them.
stack_down() {
    local state pid pids=() code=0
    for state in "$FOLDER"/state*; do
        [[ -e $state ]] || continue
        [[ ! -d $state/log ]] || cp -rT -- "$state/log" "$FOLDER/logs-of-${state##*/}"
        VEIL_STATE=$state "$ROOT/scripts/down.sh" --wipe &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || code=1; done
    return "$code"
}

run_pytest() {
    rm -f -- "$FOLDER/integration.xml"
    /usr/bin/python3 -m pytest -p no:cacheprovider -ra --junitxml="$FOLDER/integration.xml" "$@" 2>&1 | with_progress
}

# run_integration [FILE...]: a worker takes a whole file at a time.
run_integration() {
    (($#)) || set -- tests/integration
    run_pytest -n "$WORKERS" --dist loadfile "$@"
}

integration() { suite "integration tests" integration_report run_integration; }

# What has several processes, threads or much at once, in a server built with ThreadSanitizer: all of push, and whatever is
# done beside the I/O thread. VEIL_API_BIN with such a server passes all the other tests too; they take longer than they find.
integration_tsan() {
    VEIL_API_BIN=$ROOT/build/tsan/bin/veil-api suite "concurrency, ThreadSanitizer" integration_report run_integration \
        tests/integration/test_{push,limits,rotation}*.py tests/integration/test_groups_{concurrency,faults}.py \
        tests/integration/test_{account_concurrency,auth_across_processes,audit_log,metrics,outages,overload,logs,shutdown}.py
}

unit_tsan() {
    TSAN_OPTIONS=suppressions=$ROOT/tests/support/tsan.supp suite "unit tests, ThreadSanitizer" unit_report \
        build/tsan/bin/veil-unit-tests "--gtest_output=json:$FOLDER/unit.json"
}

# The containers, which take a quarter of an hour and an engine: only where CI=true. Exit code 77 says that there can be none.
containers() {
    local code=0 log=$FOLDER/containers.log counts
    if [[ ${CI:-} != true ]]; then
        NOT_RUN="the containers: scripts/test-compose.sh"
        return 0
    fi
    echo "==> containers ..."
    "$ROOT/scripts/test-compose.sh" 2>&1 | tee -- "$log" | sed -u 's/^/    /' || code=$?
    if ((code == 77)); then
        NOT_RUN="the containers: $(sed -n 's/^not run: //p' "$log" | tail -n 1)"
        return 0
    fi
    read -ra counts < <(last_counts "$log") || true
    ((code == 0 || ${counts[1]:-0})) || counts[1]=1
    PASSED=$((PASSED + ${counts[0]:-0})) FAILED=$((FAILED + ${counts[1]:-1}))
}

# What was not run, and the counts, alone on the last line; fails when something did.
summary() {
    [[ ! $NOT_RUN ]] || echo "not run: $NOT_RUN"
    ((FAILED == 0)) || echo "logs are kept in $FOLDER"
    DONE=1
    echo "$PASSED passed, $FAILED failed"
    ((FAILED == 0))
}

# Whatever happened, nothing of the stack stays behind.
clean_up() {
    local code=$?
    stack_down || code=1
    fake_down || code=1
    ((DONE)) || echo "interrupted: logs are kept in $FOLDER" >&3
    ((code)) || rm -rf -- "$FOLDER"
    exit "$code"
}
