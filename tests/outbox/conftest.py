"""These tests run on every kind of database."""

from tests.databases import database  # noqa: F401
