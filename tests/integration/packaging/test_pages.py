"""Pages of the repository: settings as they are, and a README that is read in minutes."""

import os
import pathlib
import subprocess

from chorus_harness import BIN

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_the_page_of_settings_is_what_the_tables_say():
    done = subprocess.run([os.path.join(BIN, "chorus-docgen"), "settings"], capture_output=True,
                          text=True, check=True)
    page = ROOT / "packaging/docs/settings.md"
    assert page.read_text() == done.stdout, \
        f"make it anew: build/bin/chorus-docgen settings > {page.relative_to(ROOT)}"


def test_the_readme_is_read_in_minutes():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 90
    assert not [line for line in lines if len(line) > 140]
    assert any(line.startswith("![") for line in lines[:15])
