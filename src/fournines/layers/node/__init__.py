"""What node scripts of several layers import; shipped_library.py says where it goes."""
