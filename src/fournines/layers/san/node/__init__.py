"""Scripts that run on the nodes, shipped to /usr/lib/fournines/."""
