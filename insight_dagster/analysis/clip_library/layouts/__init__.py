"""The layouts of clip libraries that can be read, one module per layout."""
