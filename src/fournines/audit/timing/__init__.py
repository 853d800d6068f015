"""HOW LONG IT TAKES, of the configuration as it is found: one chain for each failure on each client path,
with every value, where it stands, and what is unknown. Pure; the formulas are those of ``cluster.timers``.

    chain      the values: a setting found, a step, a chain, and how it stands to the goal
    keepalived balancer galera rabbitmq pacemaker kernel    what the files of each say of its waits
    fencing sequence    of Pacemaker: how a node is fenced, and in which order what is started
    analysis   a cloud -> all chains
"""
