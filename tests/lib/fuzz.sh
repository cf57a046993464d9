# Runs the programs of tests/fuzz. Sourced by tests/run, which has $root, $build, $work and count().
# shellcheck shell=bash disable=SC2154

# fuzz_one PROGRAM SECONDS: an input that fails goes to $build/found, and each run begins with it. What
# is of use for the next run goes to $build/corpus.
fuzz_one() {
    local name=${1##*/fuzz_} status=0
    local -a options=(-max_len=16384 -rss_limit_mb=2048 -timeout=20)
    mkdir -p "$build/corpus/$name" "$build/found/$name"
    nice "$1" "${options[@]}" -max_total_time="$2" -print_final_stats=1 \
        -artifact_prefix="$build/found/$name/" "$build/corpus/$name" \
        "$build/found/$name" "$root/tests/fuzz/seeds/$name" >"$work/$name.log" 2>&1 || status=$?
    echo "$status" >"$work/$name.status"
    if [[ $status -eq 0 ]]; then
        echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log") executions"
        return
    fi
    grep -vE '^(#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD)|\s+NEW_FUNC)' "$work/$name.log" | tail -60
    local input
    input=$(sed -n 's/.*Test unit written to //p' "$work/$name.log" | tail -1)
    echo "fuzz $name: to run it again: $1 ${input:-$build/corpus/$name}"
}

# run_fuzz [SECONDS]: each program for so long, as many at once as there are processors.
run_fuzz() {
    local program running=0
    for program in "$build"/bin/fuzz_*; do
        fuzz_one "$program" "${1:-60}" &
        ((++running < $(nproc))) || { wait -n || true; running=$((running - 1)); }
    done
    wait
    for program in "$build"/bin/fuzz_*; do
        count "$(cat "$work/${program##*/fuzz_}.status" 2>/dev/null || echo 1)" "${program##*/}"
    done
}
