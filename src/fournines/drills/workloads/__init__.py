"""What clients do during a drill: one file per client path, all of them through the VIP."""
