"""Generate the folder that the docs site is built from: `python -m docs.generate FOLDER`.

Hand-written pages are copied (`pages`); the reference is written from the code: `api`, `commands`,
`settings`, `home_folder`, `tables`, `code_location` and `checks` each return a page as Markdown.
Nothing generated is committed.
"""
