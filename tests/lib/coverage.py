"""Prints how many lines the tests reached, by folder, from the counts in a build of the preset coverage.

    coverage.py ROOT BUILD

Needs gcovr. Says for each file of every folder more in BUILD/coverage.html.
"""

import json
import pathlib
import subprocess
import sys
from collections import defaultdict

FOLDERS = ("common", "agent", "aggregator")


def counted(root, build):
    """Lines and reached lines of each source file."""
    summary = build / "coverage.json"
    filters = [argument for folder in FOLDERS for argument in ("--filter", f"{root}/{folder}/")]
    subprocess.run(
        ["gcovr", "--root", root, *filters, "--json-summary", summary, "--html-details", build / "coverage.html",
         "--exclude-unreachable-branches", "-j", "2", build],
        check=True, stdout=subprocess.DEVNULL)
    return [(file["filename"], file["line_total"], file["line_covered"])
            for file in json.loads(summary.read_text())["files"]]


def table(files):
    """One line for each folder, and one for all."""
    sums = defaultdict(lambda: [0, 0])
    for name, total, reached in files:
        for folder in (str(pathlib.PurePosixPath(name).parent), "all"):
            sums[folder][0] += total
            sums[folder][1] += reached
    whole = sums.pop("all", [0, 0])
    width = max([len(folder) for folder in sums], default=3)
    rows = [*sorted(sums.items()), ("all", whole)]
    return "\n".join(f"{folder:<{width}} {reached:>6} of {total:>6} lines {100 * reached / total:5.1f} %"
                     for folder, (total, reached) in rows if total)


if __name__ == "__main__":
    print(table(counted(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())))
