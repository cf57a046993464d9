"""What a .deb says of itself."""

import subprocess


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", deb, name], capture_output=True, text=True,
                          check=True).stdout.strip()


def dependencies(deb):
    """Names of the packages that it depends on, of alternatives the first."""
    return {one.split("|")[0].split("(")[0].strip() for one in field(deb, "Depends").split(",")}
