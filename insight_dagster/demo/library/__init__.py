"""The demo library: which clips and faults it has, rendering, encoding, and later deliveries."""
