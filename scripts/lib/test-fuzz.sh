# shellcheck shell=bash
# The part of scripts/test.sh that runs the fuzz targets (tests/fuzz), each for a short time.

# fuzz_one NAME: a short run on a copy of its corpus, in one line; an input that it fails on stays in the test folder.
fuzz_one() {
    local name=$1 corpus log executions dictionary=()
    corpus=$FOLDER/corpus/$name log=$FOLDER/fuzz-$name.log
    mkdir -p "$corpus" "$FOLDER/found"
    cp -r "tests/fuzz/corpus/$name/." "$corpus"
    [[ ! -e tests/fuzz/$name.dict ]] || dictionary=("-dict=tests/fuzz/$name.dict")
    if "build/debug/bin/fuzz_$name" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=2048 "${dictionary[@]}" \
        -artifact_prefix="$FOLDER/found/$name-" "$corpus" >"$log" 2>&1; then
        executions=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
        echo "passed $name: $executions executions"
        echo "    $name: $executions executions" >&4
    else
        tail -n 40 -- "$log"
        echo "FAILED $name: see $log and $FOLDER/found"
    fi
}

# Every target, two at a time. A function of a shell is a process of its own in the background.
run_fuzz() {
    local source
    for source in tests/fuzz/*.cpp; do
        (($(jobs -rp | wc -l) < 2)) || wait -n
        fuzz_one "$(basename -- "$source" .cpp)" &
    done
    wait
}

fuzz_report() { echo "$(grep -c '^passed ' "$FOLDER/fuzzing.log") $(grep -c '^FAILED ' "$FOLDER/fuzzing.log")"; }
