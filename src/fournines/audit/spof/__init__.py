"""WHICH ONE OR TWO THINGS TAKE WHICH SERVICE DOWN, of a cluster as its file declares it. Pure functions.

    plant    a cluster file's values -> what can fail, what hangs on what, and the services
    state    some of it failed -> what each service is then, with partitions, quorum and fencing
    cuts     the smallest sets of failures, per service and kind of damage
    remedy   the cheapest change after which a cut is gone, found by asking again with it made
"""
