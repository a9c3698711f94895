"""Groups of clips that may become insights: views, rules, mixtures and their statistics."""
