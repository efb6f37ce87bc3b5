"""A job in Postgres, from request to result: quota, order, claims, outcomes, announcements.

submission → turns (order) → lifecycle (claim, lease, outcome) → events; description and estimate read.
"""
