"""What runs when: schedules, sensors, jobs, stages and the nightly job.

What an asset computes does not belong here.
"""
