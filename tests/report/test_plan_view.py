from __future__ import annotations

from io import StringIO

from rich.console import Console

from fournines.blueprint.steps import On
from fournines.engine.events import (
    ActionBegan,
    ActionDone,
    ActionFailed,
    ActionWaiting,
    ApplyBegan,
    ApplyEnded,
    CheckBegan,
    CheckWaiting,
    StepBegan,
    StepSkipped,
)
from fournines.engine.plan import Action, FileChange, Plan, PlannedStep, Wave
from fournines.findings import Finding, Severity
from fournines.report.plan_view import show_plan
from fournines.report.progress import ApplyView

DIFF = "--- /etc/my.cnf\n [mysqld]\n-max_connections = 1024\n+max_connections = 2048"
CHANGE = FileChange("/etc/my.cnf", "/etc/my.cnf has other content", DIFF, rewrites=True)
RESTART = "database: restart mariadb.service"


def action(node: str) -> Action:
    return Action(RESTART, node, f"{node}: /etc/my.cnf has other content",
                  ("write /etc/my.cnf (0644 root:root)", "systemctl restart mariadb.service"), (CHANGE,),
                  guard="on every other: state is Synced (holds)", gate="state is Synced (within 60 s)")


PLAN = Plan("demo", "0" * 64, (Wave((PlannedStep(RESTART, On.ROLLING, "older configuration",
                                                 (action("ctl1"), action("ctl2"))),)),))


def console(*, terminal: bool = False) -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, markup=False, highlight=False, width=100, force_terminal=terminal,
                   color_system=None), out


def test_a_plan_says_where_why_when_and_what() -> None:
    screen, out = console()
    show_plan(screen, PLAN)
    assert out.getvalue() == """\
wave 1
  database: restart mariadb.service (one at a time): older configuration
    ctl1  /etc/my.cnf has other content
        only if: on every other: state is Synced (holds)
        write /etc/my.cnf (0644 root:root)
        systemctl restart mariadb.service
          --- /etc/my.cnf
           [mysqld]
          -max_connections = 1024
          +max_connections = 2048
        then wait until: state is Synced (within 60 s)
    ctl2  /etc/my.cnf has other content
        only if: on every other: state is Synced (holds)
        the same as above
        then wait until: state is Synced (within 60 s)
2 actions on 2 nodes in 1 wave
"""


def test_a_blocked_plan_says_that_nothing_will_be_done() -> None:
    screen, out = console()
    finding = Finding(Severity.ERROR, "ctl3 is unreachable (timed out)", "bring it back", where="ctl3")
    show_plan(screen, Plan("demo", "", PLAN.waves, (finding,)))
    assert "error: ctl3: ctl3 is unreachable (timed out)\n  bring it back\n" in out.getvalue()
    assert out.getvalue().endswith("nothing will be done while this is so\n")


EVENTS = (ApplyBegan("demo", 3, "the apply of yesterday was not completed (killed)"),
          StepBegan(RESTART, "older files"), ActionBegan(RESTART, "ctl1", "older files"),
          ActionWaiting(RESTART, "ctl1", "ctl1: state is Synced", "ctl1: state is Joiner", 0.5, 60.0),
          ActionDone(RESTART, "ctl1", 12.0), ActionBegan(RESTART, "ctl2", "older files"),
          ActionFailed(RESTART, "ctl2", "ctl2: no space left", "make room"),
          StepSkipped("api: start keystone.service", f"it needs: {RESTART}"),
          ApplyEnded("failed", 130.0, 1, 0, 1, 1))


def test_an_apply_in_a_pipe_is_plain_lines() -> None:
    screen, out = console()
    with ApplyView(screen) as view:
        for event in EVENTS:
            view.tell(event)
    assert out.getvalue() == """\
note: the apply of yesterday was not completed (killed); going on
demo: 3 actions
database: restart mariadb.service: older files
  ctl1 database: restart mariadb.service waits (up to 60 s): ctl1: state is Joiner
  ctl1 database: restart mariadb.service done in 12 s
  ctl2 database: restart mariadb.service failed: ctl2: no space left
      hint: make room
  api: start keystone.service skipped: it needs: database: restart mariadb.service
failed in 2 min 10 s: 1 done, 1 failed, 1 not begun
what was done stays done; the same apply goes on from here
"""


def test_a_cluster_that_is_not_whole_says_what_is_missing() -> None:
    screen, out = console()
    with ApplyView(screen) as view:
        for event in (ApplyBegan("demo", 1), ActionBegan("store: write", "ctl1", "older"),
                      ActionDone("store: write", "ctl1", 1.0), CheckBegan(2),
                      CheckWaiting("ctl2 is joining", 0.1, 120.0),
                      ApplyEnded("not whole", 130.0, 1, 0, 0, 0, ("ctl2 is joining", "no leader"))):
            view.tell(event)
    assert out.getvalue() == """\
demo: 1 action
  ctl1 store: write done in 1.00 s
check waits (up to 2 min 0 s): ctl2 is joining
not whole: ctl2 is joining
not whole: no leader
hint: 'fournines verify' says what to do about it
not whole in 2 min 10 s: 1 done
"""


def test_on_a_terminal_what_is_under_way_is_shown_until_it_has_settled() -> None:
    screen, out = console(terminal=True)
    with ApplyView(screen) as view:
        for event in EVENTS[:4]:
            view.tell(event)
        screen.print(view.under_way())
        shown = out.getvalue()
        for event in EVENTS[4:]:
            view.tell(event)
        screen.print(view.under_way())
    assert "ctl1 database: restart mariadb.service waiting: ctl1: state is Joiner" in shown
    assert out.getvalue().count("waiting:") == shown.count("waiting:")
