"""Pages: one HTML file that needs no network, made of content and charts."""

from advisor.report.page.library import bundle_path
from advisor.report.page.others import comparison_page, store_page
from advisor.report.page.render import environment, script_json
from advisor.report.page.study import study_page, write_study_page
from advisor.report.page.writing import check_page_file, write_page

__all__ = [
    "bundle_path",
    "check_page_file",
    "comparison_page",
    "environment",
    "script_json",
    "store_page",
    "study_page",
    "write_page",
    "write_study_page",
]
