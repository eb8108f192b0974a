"""Attacks on what is promised in docs/reliability.md: kills, damage, hostile files; see tools/dev/campaigns.py."""
