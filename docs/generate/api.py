"""The pages of the Python API: docstrings of the public names, laid out by mkdocstrings."""

from __future__ import annotations

import inspect
from importlib import import_module

from docs.generate.markdown import page

_PACKAGE = "insight_dagster"
API = {
    "Insights": ("analysis.insights", "analysis.actions"),
    "Clips": ("analysis.clip_library", "analysis.decoding", "analysis.metadata.clip_metadata"),
    "Model": ("settings.model_spec", "analysis.model.loading", "analysis.heatmaps.grad_cam"),
    "Latent space": (
        "analysis.latent_space.latent_space",
        "analysis.latent_space.projection",
        "analysis.latent_space.clusters",
    ),
    "Drift": ("analysis.drift",),
    "Database": ("database.connection", "database.writes", "tables.columns"),
    "Export and report": ("export.export", "export.table_files", "report.site"),
    "Settings and errors": ("settings.settings", "errors"),
}
"""Modules whose public names are documented, by the page that they are on."""


def api_pages() -> dict[str, str]:
    """Return the pages of the API by file name, the overview first."""
    pages = {_file_name(title): _api_page(title, modules) for title, modules in API.items()}
    return {"index.md": _overview(), **pages}


def public_names(module_name: str) -> list[str]:
    """Return the names that a module offers: its `__all__`, else what it defines itself."""
    module = import_module(module_name)
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module_name
    ]


def _overview() -> str:
    introduction = (
        "Everything in `analysis` works on arrays and Arrow tables, without Dagster or a "
        "database. Names that are not listed here may change without notice."
    )
    entries = (f"- [{title}]({_file_name(title)})" for title in API)
    return page("Python API", introduction, "\n".join(entries))


def _api_page(title: str, modules: tuple[str, ...]) -> str:
    return page(title, "Part of the [Python API](index.md).", *map(_module_section, modules))


def _module_section(name: str) -> str:
    module_name = f"{_PACKAGE}.{name}"
    first_line = (inspect.getdoc(import_module(module_name)) or "").split("\n\n")[0]
    entries = (f"::: {module_name}.{each}" for each in public_names(module_name))
    return "\n\n".join([f"## {module_name}", first_line, *entries])


def _file_name(title: str) -> str:
    return title.lower().replace(" ", "_") + ".md"
