"""A directory for a quickstart."""

import os
import shutil
import tempfile

import pytest


@pytest.fixture
def directory():
    # Short, because a socket's path is limited; passable, because the servers have another user.
    path = tempfile.mkdtemp(prefix="chorus-qs-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)
