"""The OpenStack High Availability Guide of 2014 (commit 8fa1d49566): its configuration, as files.

``etc`` and ``root``, with the commands that it has people type, are one node of it. ``LINES`` says which
lines of a file are which of the guide; the ``[DEFAULT]`` and ``[keystone_authtoken]`` of services are not
printed in it, ``<Virtual IP>`` is 10.0.0.100, and an ellipsis is a comment here; prompts and callouts are
left out, but for the callouts that end lines of crm shell text. ``ERRATA`` says which mistakes are found by
which rule at which lines of the guide, 0 being a file that lacks something; ``NOT_FOUND`` which are not, and
why.
"""
