"""What axe-core finds on a page that people with impairments would trip over.

assert serious(page) == []
"""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

SCRIPT: Final = Path(__file__).with_name("vendor") / "axe.min.js"
_RUN: Final = """async (selector) => {
  const found = await axe.run(selector || document, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return found.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.map(({ html, target, failureSummary }) => ({ html, target: target.join(" "), why: failureSummary })),
  }));
}"""


def findings(page: Page, selector: str = "") -> list[dict[str, Any]]:
    """Returns what axe-core finds on the page as it stands, or below one element of it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    return page.evaluate(_RUN, selector)


def serious(page: Page, selector: str = "") -> list[str]:
    """Returns the serious and critical findings, one line each place."""
    return [
        f"{finding['id']} ({finding['help']}): {node['target']}: {node['html'][:160]} {node['why'].splitlines()[-1].strip()}"
        for finding in findings(page, selector)
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
