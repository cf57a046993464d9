"""Fixtures for every Python test."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import chorus_harness  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: runs while no other test does")
    for name in ("CHORUS_BIN_DIR", "CHORUS_TEST_DATABASE_URL", "CHORUS_TEST_REDIS_URL"):
        if not os.environ.get(name):
            pytest.exit(f"{name} is not set: run the tests through tests/run", returncode=64)


@pytest.fixture(scope="module")
def aggregator():
    """An aggregator shared by the tests of one file."""
    with chorus_harness.Aggregator() as running:
        yield running


@pytest.fixture
def fresh():
    """An aggregator of its own for one test."""
    with chorus_harness.Aggregator() as running:
        yield running
