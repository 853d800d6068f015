mysql -e "SET wsrep_on=OFF; GRANT ALL ON *.* TO wsrep_sst@'%' IDENTIFIED BY 'wspass'";
mysql -e "SET wsrep_on=OFF; DELETE FROM mysql.user WHERE user='';"
iptables --insert RH-Firewall-1-INPUT 1 --proto tcp --source <my IP>/24 --destination <my IP>/32 --dport 3306 -j ACCEPT
iptables --insert RH-Firewall-1-INPUT 1 --proto tcp --source <my IP>/24 --destination <my IP>/32 --dport 4567 -j ACCEPT
service mysql start wsrep_cluster_address=gcomm://
service mysql start wsrep_cluster_address=gcomm://10.0.0.10
