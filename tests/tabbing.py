"""The page by keyboard alone: what has the focus, and the way there.

tabbed(page, "#places a[data-place=quiz]")
page.keyboard.press("Enter")
"""

from playwright.sync_api import Page

_SEEN = "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; }"


def tabbed(page: Page, selector: str, *, back: bool = False, most: int = 90) -> None:
    """Presses Tab, or Shift+Tab, until something of the selector has the focus, which must be seen there."""
    passed: list[str] = []
    for _ in range(most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            assert page.evaluate(_SEEN) != "nonenone" or page.evaluate(_IN_SIGHT), (
                f"the focus on {selector} cannot be seen"
            )
            return
        passed.append(page.evaluate("() => document.activeElement?.outerHTML.slice(0, 60) ?? ''"))
    raise AssertionError(f"{selector} is not reached by Tab; these are: {passed}")


# A control that is drawn by its label shows the focus there.
_IN_SIGHT = """() => {
  const label = document.activeElement.closest("label");
  if (!label) return false;
  const style = getComputedStyle(label);
  return style.outlineStyle + style.boxShadow !== "nonenone";
}"""
