"""What the operator wants: the cluster file as frozen values, the promise, the timers it implies, the secrets."""
