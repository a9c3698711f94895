"""Generate the folder that the docs site is built from: `python -m docs.generate FOLDER`.

Hand-written pages are copied (`pages`); the reference is written from the code: `api`, `commands`,
`settings`, `tables` and `checks` each return one page as Markdown. Nothing generated is committed.
"""
