"""Checkers: from what was recorded to verdicts. Pure; each has a test that plants the mistake it must find.
"""
