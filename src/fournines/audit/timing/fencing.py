"""Fencing as Pacemaker is told to do it: delays, which are waited for, and timeouts, which need not be."""

from __future__ import annotations

from collections.abc import Iterator

from fournines.audit.systems.resources import Cluster, Primitive, Value, seconds
from fournines.audit.timing.chain import Found, Step, unknown

_EXPLAINED = "Pacemaker Explained 2.1"
_STONITH_TIMEOUT_S = 60.0
_WHAT = "the silent node is fenced"


def fenced(cluster: Cluster) -> Iterator[Step]:
    """The steps until nothing of the lost node can run any more."""
    switch = cluster.fencing
    watchdog = cluster.setting("stonith-watchdog-timeout", "fencing-watchdog-timeout")
    if switch is not None and switch.off:
        yield Step("nothing is fenced, and nothing waited for", f"{switch.text}",
                   (Found("stonith-enabled", 0.0, switch.at),), 0.0, 0.0)
    elif not cluster.fences and watchdog is not None and seconds(watchdog) > 0:
        limit = Found("stonith-watchdog-timeout", seconds(watchdog), watchdog.at)
        yield Step("the watchdog of the silent node has certainly ended it", f"{limit.value:g} s", (limit,),
                   limit.value, limit.value)
    elif not cluster.fences:
        yield unknown(_WHAT, f"no fencing device is configured at {cluster.at}: Pacemaker waits for a person")
    else:
        yield from _delayed(cluster)
        yield _limited(cluster)


def _delayed(cluster: Cluster) -> Iterator[Step]:
    """Delays before the first device acts; the longest of all devices, since any node may be the lost one."""
    delays = [_delay(device) for device in cluster.fences]
    longest = max((delay for delay in delays if delay is not None), key=lambda each: each.value, default=None)
    preferred = cluster.setting("priority-fencing-delay")
    values = [longest] if longest is not None else []
    if preferred is not None and seconds(preferred) > 0:
        values.append(Found("priority-fencing-delay", seconds(preferred), preferred.at))
    if values:
        yield Step("fencing is held back, so that only one of two shoots",
                   " + ".join(f"{value.value:g} s" for value in values), tuple(values), 0.0,
                   sum(value.value for value in values))


def _delay(device: Primitive) -> Found | None:
    """pcmk_delay_max holds for the sum of the fixed and the random delay."""
    found = [Found(name, _longest_s(value), value.at) for name in ("pcmk_delay_max", "pcmk_delay_base")
             if (value := device.parameter(name)) is not None]
    return max(found, key=lambda each: each.value, default=None)


def _longest_s(value: Value) -> float:
    """``5s``, or ``node1:2s;node2:5s``."""
    return max((seconds(Value(part.rpartition(":")[2].strip(), value.at))
                for part in value.text.replace(" ", ";").split(";")), default=0.0)


def _limited(cluster: Cluster) -> Step:
    """Of the target that may take longest: all devices of all its levels, one after another."""
    limits = {device.id: _limit(cluster, device) for device in cluster.fences}
    targets: dict[str, list[Found]] = {}
    for level in cluster.levels:
        targets.setdefault(level.target, []).extend(
            limits[device.text] for device in level.devices if device.text in limits)
    ways = [way for way in targets.values() if way] or [[limit] for limit in limits.values()]
    slowest = max(ways, key=lambda way: sum(limit.value for limit in way))
    return Step(f"{_WHAT}{', level after level' if targets else ''}",
                " + ".join(f"{limit.value:g} s" for limit in slowest), tuple(slowest), 0.0,
                sum(limit.value for limit in slowest), allowed=True)


def _limit(cluster: Cluster, device: Primitive) -> Found:
    action = cluster.setting("stonith-action", "fencing-action")
    name = "pcmk_off_timeout" if action is not None and action.text in ("off", "poweroff") \
        else "pcmk_reboot_timeout"
    own = device.parameter(name)
    if own is not None:
        return Found(f"{name} of {device.id}", seconds(own, _STONITH_TIMEOUT_S), own.at)
    general = cluster.setting("stonith-timeout", "fencing-timeout")
    if general is not None:
        return Found(f"stonith-timeout ({device.id})", seconds(general, _STONITH_TIMEOUT_S), general.at)
    return Found(f"stonith-timeout ({device.id})", _STONITH_TIMEOUT_S, device.at,
                 f"{_EXPLAINED}, stonith-timeout")
