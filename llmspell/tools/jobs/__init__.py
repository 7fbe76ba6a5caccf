"""What worker.py has done in a process of its own: one module a job, each with a function `run` from data to data."""

from __future__ import annotations


class Refused(Exception):
    """What the work was told to do and cannot; its text is for the user."""
