"""What the operator wants: the cluster file as frozen values, the promise, its timers, the secrets."""
