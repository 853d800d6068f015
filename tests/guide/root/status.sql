SET GLOBAL wsrep_cluster_address='<cluster address string>';
SHOW STATUS LIKE 'wsrep%';
