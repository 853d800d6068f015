"""Run a drill: watch, break, watch, heal, wait, read back, judge. Whatever happens in between, it heals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from fournines.drills import acting, history
from fournines.drills.aftermath import Traces, traces
from fournines.drills.aim import draw, role
from fournines.drills.beforehand import Progress, refuse_what_cannot_be, silently, wait_whole
from fournines.drills.breakdown import FENCING, Step
from fournines.drills.checkers.bank import Books
from fournines.drills.convergence import Redundancy, converge
from fournines.drills.crowd import Crowd, crowd
from fournines.drills.deaf import Work
from fournines.drills.drill import SILENCING, Drill, Fault, Target
from fournines.drills.effects import Running, Sight
from fournines.drills.expectation import Expectation, Seen
from fournines.drills.folder import SPEC, TIMELINE, VERDICT, RunFolder
from fournines.drills.history import HistoryWriter
from fournines.drills.intervention import Intervention, injection
from fournines.drills.journals import told_by_pacemaker
from fournines.drills.judge import Evidence, judge
from fournines.drills.place import Place
from fournines.drills.postmortem import keep_console, keep_journals
from fournines.drills.prediction import predicted
from fournines.drills.reading import books_everywhere, drop, rows_everywhere
from fournines.drills.result import Result
from fournines.drills.sampling import START_TIMEOUT_S, Sampling, sampling
from fournines.drills.schedule import Timeline
from fournines.drills.settings import IMAGES, SQL_BANK
from fournines.drills.strike import Striker
from fournines.drills.targets import is_one
from fournines.drills.termination import terminated_is_cancelled
from fournines.drills.verdict import Verdict, merge
from fournines.errors import DrillError, GateTimeout, Refused

AGAIN_LOOKS = 15
LEAST_DETECTION_S = 2.0     # and not less has Corosync to wait for a silent member: a token, and 1.2 of it
FRESH_S = 1.0               # how old a sample may be to say who holds the address now
PATIENCE_S = 60.0           # a busy member looks slow for a moment, and what a drill broke still heals
TURN_TIMEOUT_S = 120.0      # until a cluster is whole again between two turns of a rolling drill


async def run(drill: Drill, place: Place, runs: Path, progress: Progress = silently, *, named: str = "",
              seed: int = 0, patience_s: float = PATIENCE_S, expect: Sequence[Expectation] = ()) -> Result:
    """The result, also in the run's folder below ``runs``. ``named`` is a node to hit instead of the drill's
    target; ``seed`` decides where the target is any of several. ``patience_s`` is how long the cluster may
    take to be seen whole, before anything is broken. ``expect``: what the run is held against besides.

    Raises ``Refused`` where the drill would be unsafe or cannot be done here (nothing was touched then), and
    ``DrillError`` where it came to no result. Cancelling it (Ctrl-C) heals first; so does SIGTERM.
    """
    refuse_what_cannot_be(drill, place, named)
    folder = RunFolder.create(runs, drill.name)
    folder.write(SPEC, {"drill": asdict(drill), "cluster": place.cluster, "timers": place.timers,
                               "named": named, "seed": seed, "machines": place.made_of})
    with terminated_is_cancelled():
        return await _Run(drill, place, folder, progress, named, seed).run(patience_s, expect)


class _Run:
    """One run: what its steps share."""

    def __init__(self, drill: Drill, place: Place, folder: RunFolder, progress: Progress, named: str,
                 seed: int) -> None:
        self._drill, self._place, self._folder, self._tell = drill, place, folder, progress
        self._fault, self._named, self._seed = drill.fault, named, seed
        self._address = str(place.cluster.service_vip.address)
        self._addresses = [str(vip.address) for vip in place.cluster.vips.values()]
        self._role = role(drill.fault.target, self._address, drill.fault.unit, named=bool(named))
        self._steps: tuple[Step, ...] = ()
        self._stamp = folder.name.split("-")[0].lower()
        self._striker = Striker(place, drill, folder, progress, self._stamp)
        self._settings = place.clients(f"run_{self._stamp}_{time.monotonic_ns():x}")

    async def run(self, patience_s: float, expect: Sequence[Expectation]) -> Result:
        await self._begin_whole(patience_s)
        evidence, redundancy = await self._experiment()
        bounds = predicted(self._place.chains, self._drill.chain,
                           lower_holds=self._drill.lower_holds and not self._named)
        promise_s = self._place.cluster.recovery.recover_within_s
        verdicts, rows, remarks = judge(evidence, recover_within_s=promise_s, slow_s=self._drill.slow_s,
                                        bounds=bounds)
        if verdicts[0].truth is True:   # of a fault that was not there nothing follows
            seen = Seen(rows, redundancy, evidence.samples, evidence.timeline,
                        evidence.target if evidence.silences else "",
                        [item for item in verdicts if item.question.startswith((SQL_BANK, IMAGES))])
            verdicts += [item.verdict(seen) for item in expect]
        else:
            verdicts += [Verdict(item.text, None, verdicts[0].because) for item in expect]
        result = Result(self._drill.name, evidence.target, promise_s, merge(self._drill.name, verdicts),
                        tuple(verdicts), tuple(rows), self._folder.path, tuple(remarks), redundancy,
                        self._steps)
        self._folder.write(VERDICT, result.as_data())
        if result.verdict.truth is not True:
            self._tell("keeping the journals of the nodes, for whoever asks why")
            await keep_journals(self._place.nodes, self._folder,
                                time.monotonic() - evidence.timeline.began_s)
        return result

    async def _begin_whole(self, patience_s: float) -> None:
        try:
            await wait_whole(self._place, patience_s, self._tell,
                             partial(self._folder.write_health, "before.json"))
        except GateTimeout as timeout:
            raise Refused(
                f"the cluster is not whole: {timeout.last_seen}",
                hint="repair it first ('fournines verify'); a drill would be a second failure") from None

    async def _experiment(self) -> tuple[Evidence, Redundancy]:
        with HistoryWriter(self._folder.history) as asked, HistoryWriter(self._folder.samples) as seen:
            async with sampling(self._place.doors, self._addresses, seen,
                                self._place.state_urls) as samples:
                silent = await samples.first_of_each(START_TIMEOUT_S)
                if silent:
                    raise DrillError(f"no samples from {', '.join(silent)}",
                                     hint="a drill has to see every node before it breaks one")
                async with crowd(self._place.client_prefix, self._settings, asked,
                                 self._folder.clients_log) as clients:
                    return await self._break_and_heal(samples, clients)

    async def _break_and_heal(self, samples: Sampling, clients: Crowd) -> tuple[Evidence, Redundancy]:
        self._tell("waiting until every client path is served")
        await clients.ready()
        at_first = await self._find(samples)
        work = await self._place.work()
        traces_before = await self._traces(0.0)
        began_s = time.monotonic()
        self._tell(f"watching for {self._drill.baseline_s:g} s with nothing broken")
        await asyncio.sleep(self._drill.baseline_s)
        target = self._the_one(await self._find(samples), at_first, self._fault)
        deed = injection(self._fault, self._place.cluster, target)
        before = await self._serving_unit(self._fault, target)
        beside = await self._beside(samples, target)
        injected_s = time.monotonic()
        effect, healed_s = await self._striker.strike(self._fault, deed, before, self._role.which, beside)
        first_healed_s = healed_s
        if self._drill.then is not None:
            second, healed_s = await self._strike_again(self._drill.then, samples)
            effect = effect.then(second)
        turns = [node.name for node in self._place.cluster.controllers
                 if self._drill.rolling and node.name != target]
        for name in turns:
            second, healed_s = await self._strike_in_turn(name, work, healed_s)
            effect = effect.then(second)
        self._tell(f"waiting up to {self._drill.converge_s:g} s until the cluster is whole again")
        converged = await converge(self._place, self._settings, work, self._folder, healed_s,
                                   self._drill.converge_s)
        timeline = Timeline(began_s, injected_s, healed_s, time.monotonic())
        self._tell("letting the last requests end, and reading back what was written")
        finished = await clients.stop()
        rows, bank = await self._read_back()
        traces_after = await self._traces(time.monotonic() - began_s)
        if self._place.has_pacemaker:
            self._steps = await told_by_pacemaker(self._place.nodes, samples, timeline)
            if not_forgiven := await acting.forgive(self._place):
                self._tell(not_forgiven)
        await keep_console(self._place.machines.get(target), self._folder, target)
        self._folder.write(TIMELINE, {**asdict(timeline), "clocks": samples.clocks(),
                                      "deeds": self._striker.deeds})
        evidence = Evidence(
            history=history.read(self._folder.history), timeline=timeline, target=target,
            address=self._address, samples=samples.samples(self._address), rows=rows,
            views=samples.views() if self._place.state_urls else {},
            views_apart_s=self._place.views_apart_s,
            bank=bank, role=self._role.was,
            traces_before=traces_before, traces_after=traces_after,
            faults=(*self._drill.faults, *(self._fault for _ in turns)),
            others=frozenset(each.target for each in beside),
            silent_until_s=self._silent_until_s(injected_s, first_healed_s), blocks=self._drill.blocks,
            beyond=self._drill.beyond,
            said_meanwhile=tuple(map(str, self._striker.during.broken)) if self._striker.during else (),
            served=self._served(), effect=effect, silences=self._fault.effect in SILENCING,
            whole_again=converged.truth, convergence=converged.because, finished=finished,
            elsewhere={address: samples.samples(address) for address in self._addresses
                       if address != self._address},
            off_s={step.node: injected_s + step.ended_s for step in self._steps if step.what == FENCING})
        return evidence, converged.redundancy(timeline)

    async def _traces(self, since_s: float) -> dict[str, Traces | None]:
        return await traces(self._place.nodes, self._place.configuration, since_s)

    async def _beside(self, samples: Sampling, target: str) -> tuple[Intervention, ...]:
        """What the second fault is, which is made just before the first on ``target``, and on others."""
        fault = self._drill.beside
        if fault is None:
            return ()
        found = await self._find(samples, fault, hit=target)
        if not found or (len(found) > 1 and fault.target is not Target.OTHERS):
            raise DrillError(f"nobody is {fault.target.value}, for the fault beside the first",
                             hint="see 'fournines status'")
        return tuple(injection(fault, self._place.cluster, name) for name in found)

    def _silent_until_s(self, injected_s: float, healed_s: float) -> float:
        """When the first fault's machine may speak again: once that was taken away. One that Pacemaker fences
        is turned on again, but not before it is found to be lost."""
        if not self._place.has_pacemaker or self._drill.beside is not None:
            return healed_s
        return min(healed_s, injected_s + LEAST_DETECTION_S)

    async def _strike_again(self, fault: Fault, samples: Sampling) -> tuple[Sight, float]:
        """The second fault of a cascade. Who is hit by it is only known now."""
        found: tuple[str, ...] = ()
        for _ in range(AGAIN_LOOKS):   # who has just moved is nobody's for a moment
            if len(found := await self._find(samples, fault)) == 1:
                break
            await asyncio.sleep(FRESH_S)
        target = self._the_one(found, found, fault)
        return await self._strike_on(target, fault, "while the first one heals")

    async def _strike_in_turn(self, name: str, work: Work, healed_s: float) -> tuple[Sight, float]:
        """The same fault on the next controller, once nothing is missing of the one before."""
        self._tell("waiting until the cluster is whole, before the next")
        converged = await converge(self._place, self._settings, work, self._folder, healed_s, TURN_TIMEOUT_S)
        if not converged.truth:
            return Sight(False, f"{name} had no turn: {converged.because}"), healed_s
        return await self._strike_on(name, self._fault, "in its turn")

    async def _strike_on(self, node: str, fault: Fault, which: str) -> tuple[Sight, float]:
        before = await self._serving_unit(fault, node)
        return await self._striker.strike(fault, injection(fault, self._place.cluster, node), before, which)

    async def _find(self, samples: Sampling, fault: Fault | None = None, *, hit: str = "") -> tuple[str, ...]:
        """The nodes that are the target now; without ``fault``, of the drill's first one. ``hit`` is the node
        that this one is hit beside: it is no target, and the others are all but it."""
        holders = samples.holders(self._address, time.monotonic() - FRESH_S)
        controllers = [node.name for node in self._place.cluster.controllers if node.name != hit]
        others = tuple(name for name in controllers if hit or name not in holders)
        match (fault or self._fault).target:
            case _ if self._named and fault is None:
                return (self._named,)
            case Target.VIP_HOLDER:
                return holders
            case Target.API if is_one(self._place.cluster, "api"):
                return await self._place.find(Target.API, self._settings)
            case Target.ONE | Target.API:
                return draw(controllers, self._seed)
            case Target.ARBITRATOR:
                return tuple(node.name for node in self._place.cluster.arbitrators)
            case Target.OTHER:
                return draw(others, self._seed)
            case Target.OTHERS:
                return others
            case target:
                return await self._place.find(target, self._settings)

    def _the_one(self, found: Sequence[str], at_first: Sequence[str], fault: Fault) -> str:
        """The target, if there is one and it was the target all the time that nothing was broken."""
        if len(found) != 1:
            raise DrillError(f"{self._role.thing} is held by {' and '.join(found) or 'nobody'}",
                             hint="exactly one node must hold it: see 'fournines status'")
        if list(found) != list(at_first):
            raise DrillError(f"{self._role.thing} moved from {' and '.join(at_first) or 'nobody'} to "
                             f"{found[0]} while nothing was broken", hint="see 'fournines status'")
        if acting.is_outside(fault.inject) and found[0] not in self._place.machines:
            raise Refused(f"{found[0]}, {self._role.which}: nothing can be done to it from here")
        return found[0]

    async def _serving_unit(self, fault: Fault, target: str) -> Running | None:
        """The unit that will be hit, as it is now. What does not run cannot be shown to have failed."""
        if not fault.unit:
            return None
        seen = await acting.unit_now(self._place, target, fault.unit)
        if isinstance(seen, str) or not seen.serves:
            state = seen if isinstance(seen, str) else f"{seen.active}, {len(seen.stopped)} processes stopped"
            raise DrillError(f"{target}: {fault.unit} does not serve ({state})",
                             hint="see 'fournines verify'")
        return seen

    def _served(self) -> Sight | None:
        if self._fault.target is Target.VIP_HOLDER and not self._named:
            return None   # the samples of the address tell
        return Sight(True, f"it {self._role.was}, {self._drill.baseline_s:g} s before and just before")

    async def _keepers(self) -> tuple[str, ...]:
        """The nodes whose databases can be asked; of a database that runs on one at a time, that one."""
        if is_one(self._place.cluster, "database"):
            return await self._place.find(Target.DATABASE_WRITER, self._settings)
        return tuple(node.name for node in self._place.cluster.controllers)

    async def _read_back(self) -> tuple[dict[str, list[str] | None], dict[str, Books | None]]:
        if self._settings.sql is None:
            return {}, {}
        members = {name: self._place.nodes[name] for name in await self._keepers()}
        if not members:
            return {"": None}, {"": None}   # nobody to be asked: it is not known what was kept
        rows = await rows_everywhere(members, self._settings.sql)
        bank = await books_everywhere(members, self._settings.sql)
        await drop(next(iter(members.values())), self._settings.sql)
        return rows, bank
