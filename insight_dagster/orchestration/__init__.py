"""What runs when: jobs, stages, the nightly re-analysis, schedules, sensors and alerts.

What an asset computes does not belong here, nor does an asset: they are named by their keys.
"""
