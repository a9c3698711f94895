"""The data of each page of the report.

How a page looks and behaves is in `static/`, how data are packed in `packing`.
"""
