"""Fournines: one file says what the control plane is and how fast it must recover.

This makes it so, and proves it.
"""

__version__ = "0.1.0"
