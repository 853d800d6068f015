"""The goal that timers are held against: that of the cluster file or of the operator, else one of ours."""

from __future__ import annotations

from fournines.audit.cloud import Cloud, Goal

DEFAULT = Goal(30.0, "")
"""How long clients may notice a single failure. A goal of ours: operators who state none rarely mean more."""


def goal(cloud: Cloud) -> Goal:
    """The stated goal, or ours."""
    return cloud.goal or DEFAULT


def detection_s(cloud: Cloud) -> float:
    """How long a failure may go unnoticed by one timer: half of our goal, or as long as a stated one that is
    longer. A stated one is held against whole chains, too, in which detection may have more than half.
    """
    return max(cloud.goal.seconds if cloud.goal else 0.0, DEFAULT.seconds / 2)
