"""Scripts that run on the nodes: standard library and python3-pymysql, shipped to /usr/lib/fournines/."""
