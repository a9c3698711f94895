"""What sets an insight's clips apart: fields, describing rules, histograms."""
