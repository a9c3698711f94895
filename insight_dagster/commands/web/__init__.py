"""The Dagster UI of `insight serve`: its programs, and the guard that other sites cannot pass.

`guard` decides which requests are answered, `webserver` is Dagster's webserver behind it, and
`programs` starts and ends webserver, daemon and code location together.
"""
