"""Attribution volumes and their pictures, and which clips get them."""
