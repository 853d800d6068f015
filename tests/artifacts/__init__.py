"""Tests of the configuration formats; a package so that the files share their strategies."""
