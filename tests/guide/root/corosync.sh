corosync-cfgtool -s
corosync-objctl runtime.totem.pg.mrp.srp.members
