"""A job's life in Postgres, from request to result: quota, order, claims, outcomes, and what is told of it.

submission → turns (order) → lifecycle (claim, lease, outcome) → events; description and estimate read.
"""
