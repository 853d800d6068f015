drbdadm create-md mysql
drbdadm up mysql
drbdadm -- --force primary mysql 
mkfs -t xfs /dev/drbd0
mkfs -t xfs /dev/drbd/by-res/mysql
drbdadm secondary mysql
mount /dev/drbd/by-res/mysql /mnt
mv /var/lib/mysql/* /mnt
umount /mnt
mount /dev/drbd/by-res/mysql /mnt
mysql_install_db --datadir=/mnt
umount /mnt
