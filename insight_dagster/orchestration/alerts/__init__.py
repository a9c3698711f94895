"""Alerts about failed runs: which runs (`sensors`), delivery (`delivery`), retries (`queue`)."""
