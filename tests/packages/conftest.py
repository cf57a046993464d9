"""The packages under test, as tests/packages/build made them."""

import os
import pathlib
import shutil
import subprocess

import pytest

from deb_fields import dependencies, field


def pytest_configure(config):
    if not os.environ.get("CHORUS_PACKAGES"):
        pytest.exit("CHORUS_PACKAGES is not set: run the tests through `tests/run packages`",
                    returncode=64)


class Packages:
    def __init__(self):
        self.folder = pathlib.Path(os.environ["CHORUS_PACKAGES"])

    def deb(self, program):
        return next(self.folder.glob(f"chorus-{program}_*.deb"))

    @property
    def debs(self):
        return [self.deb("agent"), self.deb("aggregator")]

    def rpm(self, name):
        return next(self.folder.glob(f"{name}-[0-9]*.x86_64.rpm"))


@pytest.fixture(scope="session")
def packages():
    return Packages()


@pytest.fixture(scope="session")
def needed(packages):
    """Names of the libraries that the packages depend on."""
    return sorted(set().union(*map(dependencies, packages.debs)))


@pytest.fixture(scope="session")
def previous(packages, tmp_path_factory):
    """The packages as of a release before: older version, other words in the config files."""
    made = []
    for deb in packages.debs:
        folder = tmp_path_factory.mktemp("previous")
        subprocess.run(["dpkg-deb", "-R", deb, folder], check=True)
        control = folder / "DEBIAN/control"
        version = field(deb, "Version")
        control.write_text(control.read_text().replace(f"Version: {version}", "Version: 0.9.0-1"))
        for config in (folder / "etc/chorus").glob("*.conf"):
            config.write_text("# As of release 0.9.0.\n" + config.read_text())
        shutil.rmtree(folder / "usr/share/man")
        old = folder.parent / (deb.name.replace(version, "0.9.0-1"))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, old], check=True,
                       stdout=subprocess.DEVNULL)
        made.append(old)
    return made
