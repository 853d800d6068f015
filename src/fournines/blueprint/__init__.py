"""WHAT A LAYER MAY SAY: files, requests, probes, predicates, steps, services. Values only; nothing here acts.

Layers (``fournines.layers``) build these from the cluster; the engine compiles, plans and carries them out;
nodes answer the requests. A layer never sees a node and a node never sees a layer: they meet in these words.
"""
