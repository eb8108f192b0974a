"""Attacks on what is promised in README.md: kills, damage, hostile files; see tools/dev/campaigns.py."""
