"""The agent: what runs on a node and answers requests. Standard library only, Python 3.9 or newer.

Never installed: ``pipe.py`` sends this package to ``python3`` on the node, and it lives as long as the pipe.
Frames both ways are a 4-byte big-endian length and that much JSON:

    to the node     {"id": n, "together": bool, "requests": [{"verb": ..., ...}]}   or  {"cancel": n}
    from the node   {"id": n, "replies": [{"ok": value} | {"failed": reason}]}

The verbs and the shape of each value are those of ``blueprint/requests.py``. Batches run side by side, the
requests of one batch in order unless ``together``. When the pipe closes, everything started here is killed.
"""

READY = b"\n\x00fournines-agent-ready\x00\n"   # whatever a login shell prints comes before this
MAX_FRAME = 64 << 20

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from typing import Any

    Facts = dict[str, Any]   # a JSON object


class Refusal(Exception):
    """The request cannot be carried out; the text is the reason."""
