"""Who gets a processor first where there are too few (decision 40); units that name nothing come last.

Settings for a unit's [Service], see systemd.exec(5), Nice= and OOMScoreAdjust=.
"""

from __future__ import annotations

# A late answer of theirs is taken for a loss: an address moves, or a member is taken out.
DECIDES = {"Nice": -10}
# Every request of an API waits for them, and their members watch one another.
CARRIES = {"Nice": -5}
# Every client goes through them: they are the last whose memory is taken.
SPARED = {"OOMScoreAdjust": -500}
