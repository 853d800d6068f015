"""What Pacemaker's own scheduler does with the rendered configurations: no complaint, and after the loss of
any one node everything that is asked for runs on the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fournines.artifacts import cib

from .scheduler import MEMBERS, configuration, placed, simulate

LOSSES = [(example, name) for example, names in MEMBERS.items() for name in names]
needs_pacemaker = pytest.mark.tool("crm_simulate", "pacemaker-cli-utils")


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
@pytest.mark.parametrize("example", list(MEMBERS))
def test_pacemaker_finds_nothing_wrong(tool: str, example: str) -> None:
    said = subprocess.run([tool, "--xml-file", configuration(example), "-V"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@needs_pacemaker
@pytest.mark.parametrize(("example", "lost"), LOSSES)
def test_everything_runs_without_any_one_node(tool: str, example: str, lost: str, running: Path,
                                              tmp_path: Path) -> None:
    resources = cib.parse(configuration(example).read_text()).resources
    simulate(tool, running, tmp_path / "after.xml", "--node-fail", lost)
    before, after = placed(tool, running), placed(tool, tmp_path / "after.xml")
    cloned = {each.of for each in resources.clones}
    for each in resources.primitives:
        if each.id in cloned or (each.agent.startswith("stonith:") and f"_{lost}_" not in each.id):
            continue   # who is left need not be able to fence himself
        assert len(before[each.id]) == 1, f"{each.id} did not run before"
        assert set(after[each.id].values()) == {"Started"}, f"{each.id} does not run"
        assert lost not in after[each.id]
    for clone in resources.clones:
        roles = after[clone.of]
        assert lost not in roles
        assert list(roles.values()).count("Promoted") == int(clone.promotable)
