"""``fournines lab``: real machines on this computer, and the verbs that one has for a machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import asdict
from enum import StrEnum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.opened import Opened, open_cluster
from fournines.cli.options import ClusterOption, Json, MaybeFile
from fournines.cli.reaching import Via
from fournines.errors import FourninesError, LabUnavailable

if TYPE_CHECKING:
    from fournines.lab.driver import Machine
    from fournines.lab.events import Event
    from fournines.lab.lab import Lab

app = typer.Typer(no_args_is_help=True, help="Real machines on this computer, in namespaces of their own.")

MachineName = Annotated[str, typer.Argument(metavar="NODE", help="Name of a node in the cluster file.")]
Command = Annotated[list[str], typer.Argument(metavar="COMMAND...", help="Put -- before it.")]


class Power(StrEnum):
    """What to do to the power of a machine."""

    ON = "on"
    OFF = "off"
    SHUT_DOWN = "shut-down"
    FREEZE = "freeze"
    THAW = "thaw"


class Bmc(StrEnum):
    """What to do to the BMC."""

    ON = "on"
    OFF = "off"


class Cable(StrEnum):
    """What to do to a cable."""

    CUT = "cut"
    HEAL = "heal"


@app.command()
def check() -> int:
    """Say whether this computer can host a lab. Exit code 0 if it can.

    Example: `fournines lab check`
    """
    from fournines.lab.requirements import demand

    try:
        demand()
    except LabUnavailable as problem:
        print(problem.message)
        print(f"to change that: {problem.hint}")
        return problem.exit_code
    print("a lab can run here")
    return 0


@app.command()
def image(file: MaybeFile = None) -> int:
    """Make what the machines of the cluster file boot from, so that the first `lab up` has only to boot them.

    It takes about two minutes, fetches packages, and is kept for every lab until what goes into it changes.

    Example: `fournines lab image examples/guide-two-node.yaml`
    """
    from fournines.lab.lab import Lab

    opened = open_cluster(file)
    print(Lab(opened.cluster, progress=_tell).make_image(opened.hardware()))
    return 0


@app.command()
def up(file: MaybeFile = None,
       machines_only: Annotated[bool, typer.Option("--machines-only", help="Boot, apply nothing.")] = False,
       own_kernel: Annotated[bool, typer.Option("--own-kernel", help=(
           "Give every machine a Linux kernel of its own, also where no layer needs one."))] = False,
       as_json: Json = False) -> int:
    """Boot the machines of the cluster file on this computer, and apply the file to them.

    What is up already is used; the image is built once. What a first boot began is taken back if it fails.
    A machine is a container, or has a Linux kernel of its own (slower) where a layer needs one.

    Examples: `fournines lab up examples/three-controllers.yaml` · `fournines lab up --machines-only`
    """
    from fournines.lab.lab import Lab

    opened = open_cluster(file)
    state = Lab(opened.cluster, progress=_tell).up(opened.hardware(), own_kernel=own_kernel)
    opened.note_in_lab()
    if machines_only:
        if as_json:
            print(json.dumps(state.as_data(), indent=1))
        return 0
    from fournines.cli.work import bring_about

    return bring_about(opened, Via.LAB, None, as_json=as_json)


def _tell(event: Event) -> None:
    """Progress goes to standard error; the many small steps only to a person, in place."""
    if not event.detail:
        print(f"{event.about}: {event.message}", file=sys.stderr)
    elif sys.stderr.isatty():
        print(f"\r\033[K{event.about}: {event.message}", end="\r", file=sys.stderr)


@app.command()
def status(file: MaybeFile = None, as_json: Json = False) -> int:
    """Show the machines of the lab: power, addresses, cables.

    Example: `fournines lab status`
    """
    state = _lab(open_cluster(file)).status()
    if as_json:
        print(json.dumps(state.as_data(), indent=1))
        return 0
    from fournines.report.console import screen
    from fournines.report.lab_view import show_lab

    show_lab(screen(), state)
    return 0


@app.command()
def down(file: MaybeFile = None) -> int:
    """Power everything off and leave nothing behind but the image: no process, mount, namespace or disk.

    Example: `fournines lab down`
    """
    from fournines.lab.lab import Lab

    opened = open_cluster(file)
    Lab(opened.cluster, progress=_tell).down()
    return 0


@app.command()
def shell(node: MachineName, cluster: ClusterOption = None) -> int:
    """Open a shell on a machine, past its network.

    Example: `fournines lab shell ctl1`
    """
    return subprocess.run(_machine(node, cluster).enter_argv(), check=False).returncode


@app.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def execute(node: MachineName, command: Command, cluster: ClusterOption = None) -> int:
    """Run a command on a machine as root; its exit code is ours.

    Example: `fournines lab exec ctl1 -- systemctl status mariadb`
    """
    argv = command[1:] if command[0] == "--" else command
    return subprocess.run(_machine(node, cluster).enter_argv(argv), check=False).returncode


@app.command()
def power(node: MachineName, what: Annotated[Power, typer.Argument(help="What to do.")],
          cluster: ClusterOption = None) -> int:
    """Power a machine on or off (as if the plug were pulled), shut it down, freeze or thaw it.

    Examples: `fournines lab power ctl1 off` · `fournines lab power ctl1 on`
    """
    machine = _machine(node, cluster)
    match what:
        case Power.ON:
            machine.power_on()
            machine.wait_up()
        case Power.OFF:
            machine.power_off()
        case Power.SHUT_DOWN:
            machine.shut_down()
        case Power.FREEZE:
            machine.freeze()
        case Power.THAW:
            machine.thaw()
    print(f"{node} is {machine.power}")
    return 0


@app.command()
def freeze(node: MachineName, cluster: ClusterOption = None) -> int:
    """Hang a machine: it keeps its addresses and connections and answers nobody.

    Example: `fournines lab freeze ctl1`
    """
    return power(node, Power.FREEZE, cluster)


@app.command()
def thaw(node: MachineName, cluster: ClusterOption = None) -> int:
    """Let a frozen machine go on.

    Example: `fournines lab thaw ctl1`
    """
    return power(node, Power.THAW, cluster)


@app.command()
def throttle(node: MachineName,
             percent: Annotated[int, typer.Argument(min=0, max=1000, help="Of one processor; 0: no limit.")],
             cluster: ClusterOption = None) -> int:
    """Give a machine a share of one processor and no more, as a host does that has promised too much.

    Examples: `fournines lab throttle ctl1 5` · `fournines lab throttle ctl1 0`
    """
    machine = _machine(node, cluster)
    machine.throttle(percent)
    share = f"{percent} % of one processor" if percent else "as much of the processors as there is"
    print(f"{node} gets {share}")
    return 0


@app.command()
def link(node: MachineName, network: Annotated[str, typer.Argument(metavar="NETWORK", help="A network.")],
         what: Annotated[Cable, typer.Argument(help="What to do.")], cluster: ClusterOption = None) -> int:
    """Pull the cable of a machine to a network, or plug it in again.

    Examples: `fournines lab link ctl1 replication cut` · `fournines lab link ctl1 replication heal`
    """
    machine = _machine(node, cluster)
    if network not in machine.networks:
        raise FourninesError(f"{node} has no cable to a network {network}",
                             hint=f"it has: {', '.join(machine.networks)}")
    if what is Cable.CUT:
        machine.cut(network)
    else:
        machine.heal(network)
    print(f"{node}: {network} is {'plugged in' if machine.has_link(network) else 'not plugged in'}")
    return 0


@app.command()
def bmc(what: Annotated[Bmc | None, typer.Argument(help="Start it, or stop it: fencing then fails.")] = None,
        cluster: ClusterOption = None, as_json: Json = False) -> int:
    """Show the BMC that powers the machines from outside, for fence agents, and what was asked of it.

    Examples: `fournines lab bmc` · `fournines lab bmc off`
    """
    lab = _lab(open_cluster(cluster))
    state = lab.status()
    if what is Bmc.ON:
        lab.bmc.start()
    elif what is Bmc.OFF:
        lab.bmc.stop()
    status = lab.bmc.status(tuple(machine.name for machine in state.machines))
    actions = lab.bmc.actions()
    if as_json:
        print(json.dumps({**asdict(status), "actions": [{**asdict(action), "at": action.at.isoformat()}
                                                        for action in actions]}, indent=1))
        return 0
    from fournines.report.console import screen
    from fournines.report.lab_view import show_bmc

    show_bmc(screen(), status, actions)
    return 0


@app.command()
def console(node: MachineName, lines: Annotated[int, typer.Option("--lines", min=0, help="0: all.")] = 100,
            cluster: ClusterOption = None) -> int:
    """Show what a machine wrote to its console, over all its boots.

    Example: `fournines lab console ctl1 --lines 20`
    """
    print(_machine(node, cluster).console(lines))
    return 0


@app.command()
def forward(
    target: Annotated[str, typer.Argument(metavar="[HOST:]PORT",
                                          help="A port of a node or address; else of the VIP.")],
    local_port: Annotated[int, typer.Option("--local-port", min=0, max=65535,
                                            help="Port of this computer; 0: any that is free.")] = 0,
    cluster: ClusterOption = None,
) -> int:
    """Make a port of the lab reachable on this computer's loopback until Ctrl-C.

    Examples: `fournines lab forward 5000 --local-port 5000` · `fournines lab forward ctl1:3306`
    """
    from fournines.lab.forward import LOOPBACK, Target, forwarded

    opened = open_cluster(cluster)
    fabric = _lab(opened).fabric.path
    host, _, port = target.rpartition(":")
    where = Target(_address(opened, host), _port(port))

    async def relay() -> None:
        async with forwarded(fabric, where, local_port=local_port) as open_port:
            print(f"{LOOPBACK}:{open_port} leads to {where.address}:{where.port} until Ctrl-C", flush=True)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(relay())
    return 0


def _address(opened: Opened, host: str) -> IPv4Address:
    if not host:
        return opened.cluster.service_vip.address
    with contextlib.suppress(KeyError):
        return opened.cluster.node(host).management
    try:
        return IPv4Address(host)
    except ValueError:
        raise FourninesError(f"{host} is neither a node of the cluster nor an address",
                             hint=f"nodes: {', '.join(node.name for node in opened.cluster.nodes)}") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise FourninesError(f"{text!r} is not a port", hint="write a number from 1 to 65535")
    return int(text)


def _lab(opened: Opened) -> Lab:
    from fournines.lab.lab import Lab

    return Lab(opened.cluster)


def _machine(node: str, cluster: ClusterOption) -> Machine:
    return _lab(open_cluster(cluster)).machine(node)
