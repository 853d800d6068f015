"""The goal that timers are held against where no cluster file states one."""

RECOVERY_S = 30.0
"""How long clients may notice a single failure. A goal of ours: operators who state none rarely mean more."""

DETECTION_S = RECOVERY_S / 2
"""How long a failure may go unnoticed: the other half is for what then has to be done."""
