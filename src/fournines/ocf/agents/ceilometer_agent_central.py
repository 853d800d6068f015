"""ocf:openstack:ceilometer-agent-central: OpenStack Telemetry's poller of what no compute node can see."""

from __future__ import annotations

from fournines.ocf.agent import Parameter
from fournines.ocf.reporting import ReportingAgent, waits
from fournines.ocf.service import configuration, units
from fournines.ocf.unit import Process

SILENCE_S = 1200   # four times the interval of Debian's polling.yaml


class CeilometerAgentCentral(ReportingAgent):
    """Between two polls it does nothing, and it connects to the broker only when it has samples to send."""

    name = "ceilometer-agent-central"
    short = "OpenStack Telemetry central agent (Ceilometer)"
    about = ("Runs the central agent through its systemd unit. The monitor sees that its processes are "
             "neither suspended nor idle for longer than several of its polling intervals.")
    parameters = (configuration("/etc/ceilometer/ceilometer.conf"), units("ceilometer-agent-central.service"),
                  Parameter("silent_for", "integer", str(SILENCE_S), "Seconds after which it hangs",
                            "Longer than its longest polling interval, for in between it does nothing."))
    program = "ceilometer-polling"
    always_connected = False

    def movements(self, processes: list[Process]) -> dict[str, int]:
        return {"the_agent": sum(waits(process, every_thread=True) for process in processes)}


AGENT = CeilometerAgentCentral()
