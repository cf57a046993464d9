"""Every relative link and image of every Markdown file leads to a file of the repository.

    markdown_links.py ROOT     prints what leads nowhere, and exits 1 if anything does
"""

import pathlib
import posixpath
import re
import subprocess
import sys
import urllib.parse

# [text](target "title"), ![text](target), [name]: target, src="target", href="target"
LINK = re.compile(r'\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)|(?:src|href)="([^"]+)"', re.M)
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.M | re.S)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.M)


def anchors(text):
    """The names that headings get: small letters, blanks as hyphens, no other signs."""
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
            .replace(" ", "-") for heading in HEADING.findall(re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))}


def dead_links(name, text, files, read):
    """Targets of a file that lead nowhere. `files`: every file of the repository; `read(name)`: its text."""
    folders = {posixpath.dirname(file) for file in files}
    folders |= {parent.as_posix() for folder in folders for parent in pathlib.PurePosixPath(folder).parents}
    for match in LINK.finditer(CODE.sub("", text)):
        target = next(group for group in match.groups() if group)
        if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.I):
            continue
        path, _, anchor = urllib.parse.unquote(target).partition("#")
        full = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        if full not in files and full.rstrip("/") not in folders:
            yield target
        elif anchor and full.endswith(".md") and anchor not in anchors(read(full)):
            yield target


def main(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, text=True,
                            check=True).stdout.split("\0")
    files = set(filter(None, listed))

    def read(name):
        return (pathlib.Path(root) / name).read_text(encoding="utf-8")

    dead = [(name, target) for name in sorted(files) if name.endswith(".md")
            for target in dead_links(name, read(name), files, read)]
    for name, target in dead:
        print(f"{name}: {target} leads to no file or heading of the repository", file=sys.stderr)
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
