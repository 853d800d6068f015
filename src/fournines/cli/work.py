"""What apply, rotate and ``lab up`` do with an opened cluster file and connected nodes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fournines.cli import stopping
from fournines.cli.opened import Opened
from fournines.cli.planning import snapshot_for_plan
from fournines.cli.reaching import Via, connected
from fournines.durable import write_durably
from fournines.engine.apply import apply
from fournines.engine.compile import Blueprint
from fournines.engine.events import CARRIED_OUT, ApplyEnded, Event
from fournines.engine.journal import Journal, last_run
from fournines.engine.lock import only_one
from fournines.engine.plan import Plan
from fournines.engine.plan_file import refuse_stale
from fournines.engine.planner import make_plan
from fournines.errors import Interrupted, Refused

if TYPE_CHECKING:
    from fournines.engine.acting import Tell
    from fournines.engine.difference import Mask

_ROTATED = "fernet_rotated"
_EXIT_CODES = {"done": 0, "not whole": 1, "failed": 1, "interrupted": Interrupted.exit_code}


def bring_about(opened: Opened, via: Via, ssh_config: Path | None, *, as_json: bool,
                saved: Plan | None = None) -> int:
    """Apply, with lock, journal and a view; the exit code."""
    with only_one(opened.state, f"apply of {opened.cluster.name}"):
        store = opened.store()
        blueprint = opened.blueprint(store)
        for note in store.notes:
            print(f"note: {note}", file=sys.stderr)
        ended = stopping.run(_apply(opened, blueprint, store.mask, via, ssh_config, as_json, saved),
                             "the same apply goes on from here")
        if ended.outcome in CARRIED_OUT:   # either way the keys are on every node
            (opened.state / _ROTATED).unlink(missing_ok=True)
        return _EXIT_CODES[ended.outcome]


async def _apply(opened: Opened, blueprint: Blueprint, mask: Mask, via: Via, ssh_config: Path | None,
                 as_json: bool, saved: Plan | None) -> ApplyEnded:
    before = last_run(opened.state)
    async with connected(opened, via, ssh_config) as nodes:
        plan = make_plan(blueprint, await snapshot_for_plan(blueprint, nodes), mask)
        if saved is not None:
            refuse_stale(saved, plan)
        with Journal(opened.state) as book, _view(as_json) as show, stopping.stop_on_signals() as stop:
            def tell(event: Event) -> None:
                book.write(event)
                show(event)

            return await apply(plan, blueprint, nodes, tell, mask, stop=stop,
                               resumes=before.resumes if before else "")


@contextmanager
def _view(as_json: bool) -> Iterator[Tell]:
    """What hears of every event and shows it: a line of JSON each, or a screen that moves."""
    if as_json:
        yield lambda event: print(json.dumps(event_data(event)), flush=True)
        return
    from fournines.report.progress import ApplyView

    with ApplyView() as view:
        yield view.tell


def event_data(event: Event) -> dict[str, object]:
    """An event as plain data, named."""
    return {"event": type(event).__name__, **asdict(event)}


def rotate_fernet(opened: Opened) -> int:
    """Rotate the keys that sign tokens. Refused while an earlier rotation is not on all nodes: a node would
    meet tokens signed with a key that it has never seen."""
    from fournines.layers.api.services.keystone import FERNET_SECRET

    with only_one(opened.state, f"rotation for {opened.cluster.name}"):
        mark = opened.state / _ROTATED
        if mark.exists():
            raise Refused("the last rotation has not been applied to every node yet",
                          hint=f"fournines apply {opened.file}, then rotate again")
        store = opened.store()
        if FERNET_SECRET not in opened.secrets(store):
            raise Refused(f"the cluster {opened.cluster.name} has no Fernet keys",
                          hint="they belong to keystone: list it under api: services:")
        write_durably(mark, b"")
        store.rotate_fernet_keys(FERNET_SECRET)
    print(f"rotated; bring the keys to the nodes with: fournines apply {opened.file}")
    return 0
