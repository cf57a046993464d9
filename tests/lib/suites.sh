# Runs test programs and pytest, and counts. Sourced by tests/run, which has $root, $build, $work,
# $passed, $failed, $not_run, $reports and $pytest_options.
# shellcheck shell=bash disable=SC2154

count() { # count STATUS NAME: for steps that are one check each
    if [[ $1 -eq 0 ]]; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED: $2" >&2
    fi
}

# One test program. Its own log lines are of interest only where a case failed.
run_program() {
    local report status=0
    report=$work/$(basename "$1").xml
    {
        echo "== $(basename "$1")"
        TMPDIR=$work/t "$1" --gtest_brief=1 --gtest_output="xml:$report" 2>"$report.log" || status=$?
        [[ $status -eq 0 ]] || { grep -v '"level":"info"' "$report.log" || true; } | tail -50
    } >"$report.out" 2>&1
    echo "$status" >"$report.status"
    cat "$report.out"
}

# Every case of every test program whose name begins with the suite's, as many at once as there are
# processors; one XML report each. The largest go first, as they take longest.
run_programs() {
    local program report running=0
    for program in $(cd "$build/bin" && find . -name "$1_*" -type f -executable -printf '%s %f\n' |
        sort -rn | cut -d' ' -f2); do
        program=$build/bin/$program
        run_program "$program" &
        ((++running < $(nproc))) || { wait -n || true; running=$((running - 1)); }
    done
    wait
    for program in "$build/bin/$1"_*; do
        [[ -x $program ]] || continue
        report=$work/$(basename "$program").xml
        add_report "$report" "$(cat "$report.status" 2>/dev/null || echo 1)" "$(basename "$program")"
    done
}

run_pytest() {
    local report=$work/pytest-$((++reports)).xml status=0
    PYTHONPATH="$root/tests/lib" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q \
        -p no:cacheprovider --rootdir="$root/tests" --junitxml="$report" \
        "$@" ${pytest_options[@]+"${pytest_options[@]}"} || status=$?
    # 5: the options choose no test here.
    [[ $status -ne 5 ]] || status=0
    add_report "$report" $status pytest
}

# As many files at once as there are processors, and then, one by one, what measures the machine.
run_side_by_side() {
    run_pytest -n "$(($(nproc) < 4 ? $(nproc) : 4))" --dist loadfile -m "not alone" "$@"
    run_pytest -m alone "$@"
}

# add_report XML STATUS NAME: counts the cases of what ended with that status. A program that ends
# with an error although no case failed counts as one failure more: it crashed, or it leaks memory.
add_report() {
    local numbers='' good=0 bad=0 missing=0
    if [[ -s $1 ]]; then
        numbers=$(/usr/bin/python3 - "$1" <<'PY'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
cases = list(root.iter("testcase"))
# A test is left out only for what the machine or the user lacks, and says so; any other skip fails.
def lacks(case):
    return [x.get("message") or "" for x in case if x.tag == "skipped"
            and "needs: " in (x.get("message") or "")]
left_out = [c for c in cases if lacks(c)]
bad = sum(1 for c in cases if not lacks(c)
          and any(x.tag in ("failure", "error", "skipped") for x in c))
for case in left_out:
    print("NOT RUN:", case.get("name"), lacks(case)[0].strip(), file=sys.stderr)
print(len(cases) - bad - len(left_out), bad, len(left_out))
PY
        )
        read -r good bad missing <<<"$numbers"
        passed=$((passed + good)) failed=$((failed + bad)) not_run=$((not_run + missing))
    fi
    if [[ ! -s $1 ]]; then
        count 1 "$3 left no report and ended with status $2"
    elif [[ $2 -ne 0 && $bad -eq 0 ]]; then
        count 1 "$3 ended with status $2, although no case failed"
    fi
}
