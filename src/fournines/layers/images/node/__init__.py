"""The script that runs on the nodes: standard library only, shipped to /usr/lib/fournines/."""
