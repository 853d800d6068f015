"""Tests of the API layer; a package so that the files share their sites."""
