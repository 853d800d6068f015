"""Addresses under Keepalived: how soon another router has one. Source: keepalived.conf(5), RFC 5798."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fournines.audit.cloud import Cloud
from fournines.audit.systems.haproxy import balancers
from fournines.audit.systems.keepalived import DEFAULT_PRIORITY, Instance, Router, groups, routers
from fournines.audit.timing.chain import HANG, KILL, NODE, Chain, Found, Step, unknown
from fournines.audit.timing.kernel import syn_again
from fournines.cluster.timers.formulas import script_s, vrrp_skew_s, vrrp_takeover_s
from fournines.cluster.timers.timer import Unit

_MANUAL = "keepalived.conf(5)"
_LEAST_PRIORITY = 1


def found(block: Instance, keyword: str, default: float, unit: Unit = Unit.SECONDS) -> Found:
    """A number of a block."""
    setting = block.setting(keyword)
    value = block.number(keyword, default)
    return Found(keyword, value, block.place(keyword), "" if setting else _MANUAL, unit)


def silent_holder(cloud: Cloud) -> Step | None:
    """Of all addresses the one that takes longest; None without any."""
    return max((_takeover(cloud, group) for group in groups(cloud)), key=lambda step: step.upper_s or 0.0,
               default=None)


def keepalived_chains(cloud: Cloud) -> Iterator[Chain]:
    """Those of each set of addresses that moves together."""
    for group in groups(cloud):
        path = f"VIP {', '.join(group[0].addresses)}"
        taken = _takeover(cloud, group)
        moved = (taken, syn_again(taken.upper_s or 0.0))
        yield Chain(NODE, path, (moved,))
        yield Chain(f"{KILL} (keepalived)", path, (moved,))
        if balancers(cloud):
            for fault, hung in ((KILL, False), (HANG, True)):
                yield Chain(f"{fault} (haproxy)", path, (tuple(_given_up(cloud, group, taken, hung)),))


def _takeover(cloud: Cloud, group: Sequence[Instance]) -> Step:
    advert = max((found(each, "advert_int", 1.0) for each in group), key=lambda each: each.value)
    skew_s, how, priorities = _skew(cloud, group, advert.value)
    lower_s, upper_s = vrrp_takeover_s(advert.value, skew_s)
    return Step("the holder falls silent and another router takes over", f"3 x {advert.value:g} s + {how}",
                (advert, *priorities), lower_s, round(upper_s, 3))


def _skew(cloud: Cloud, group: Sequence[Instance], advert_s: float) -> tuple[float, str, tuple[Found, ...]]:
    """That of the second priority: whoever fails, one of the two highest is left."""
    versions = {router.node: router.version for router in routers(cloud)}
    version = min(int(each.number("version", versions.get(each.node, 2))) for each in group)
    ranked = sorted((found(each, "priority", DEFAULT_PRIORITY, Unit.COUNT) for each in group),
                    key=lambda each: -each.value)
    priority = int(ranked[1].value) if len(ranked) > 1 else _LEAST_PRIORITY
    skew_s = vrrp_skew_s(advert_s, priority, version)
    of = f"{advert_s:g} s" if version >= 3 else "1 s"
    if len(ranked) > 1:
        return skew_s, f"(256 - {priority})/256 x {of}", (ranked[1],)
    return skew_s, f"at most 255/256 x {of} (the other router's priority was not read)", ()


def _given_up(cloud: Cloud, group: Sequence[Instance], taken: Step, hung: bool) -> Iterator[Step]:
    """The holder's script finds its load balancer gone; then it gives the address up."""
    of_node = {router.node: router for router in routers(cloud)}
    scripts = [tracked for each in group for tracked in _tracked(of_node[each.node], each)]
    if not scripts:
        yield unknown("the holder finds its load balancer failed",
                      "no track_script watches it: the address stays where nothing answers")
        return
    script, weight = max(scripts, key=lambda each: _run_s(each[0], hung)[1])
    lower_s, upper_s = _run_s(script, hung)
    interval, fall = found(script, "interval", 1.0), found(script, "fall", 1, Unit.COUNT)
    lasts = _limit(script)
    formula = f"{fall.value:g} runs, each {lasts.value:g} s and every {interval.value:g} s, begun up to " \
              f"{interval.value:g} s late" if hung else f"{fall.value:g} x {interval.value:g} s"
    yield Step(f"the script {script.name} fails", formula, (interval, fall, *((lasts,) if hung else ())),
               lower_s, upper_s)
    if weight:
        yield Step("the others see its lowered priority, and the best of them takes over", taken.formula,
                   taken.values, 0.0, taken.upper_s)
    else:
        advert = max((found(each, "advert_int", 1.0) for each in group), key=lambda each: each.value)
        skew_s, how, priorities = _skew(cloud, group, advert.value)
        yield Step("it gives the address up, and the next takes it", how, (advert, *priorities), 0.0,
                   round(skew_s, 3))


def _run_s(script: Instance, hung: bool) -> tuple[float, float]:
    return script_s(script.number("interval", 1.0), int(script.number("fall", 1)),
                    _limit(script).value if hung else 0.0)


def _limit(script: Instance) -> Found:
    """Without a timeout of its own a script may run for its interval."""
    if script.setting("timeout") is not None:
        return found(script, "timeout", 0.0)
    interval = found(script, "interval", 1.0)
    return Found("timeout (as interval)", interval.value, interval.at, _MANUAL)


def _tracked(router: Router, instance: Instance) -> Iterator[tuple[Instance, bool]]:
    """The scripts that an instance tracks, and whether one only changes the priority."""
    for setting in instance.settings:
        for inner in setting.inner if setting.words[0] == "track_script" else ():
            block = router.block("vrrp_script", inner[0])
            if block is not None:
                weighed = inner[2] if len(inner) > 2 and inner[1] == "weight" else block.value("weight", "0")
                yield block, weighed not in ("0", "")
