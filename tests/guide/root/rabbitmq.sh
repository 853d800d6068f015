drbdadm create-md rabbitmq
drbdadm up rabbitmq
drbdadm -- --force primary rabbitmq 
mkfs -t xfs /dev/drbd1
mkfs -t xfs /dev/drbd/by-res/rabbitmq
drbdadm secondary rabbitmq
scp -a /var/lib/rabbitmq/.erlang.cookie node2:/var/lib/rabbitmq/
mount /dev/drbd/by-res/rabbitmq /mnt
cp -a /var/lib/rabbitmq/.erlang.cookie /mnt
umount /mnt
