"""Pages: one HTML file that needs no network, made of content and charts."""

from advisor.report.page.library import bundle_path
from advisor.report.page.render import environment, script_json
from advisor.report.page.study import study_page, write_study_page
from advisor.report.page.writing import write_page

__all__ = [
    "bundle_path",
    "environment",
    "script_json",
    "study_page",
    "write_page",
    "write_study_page",
]
