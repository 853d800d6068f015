"""Scripts that run on the nodes (Bash, standard-library Python), shipped to /usr/lib/fournines/."""
