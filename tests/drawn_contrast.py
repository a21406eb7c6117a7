"""Contrast of texts in drawings, which axe does not see: by what is drawn behind each of them."""

from collections import Counter
from io import BytesIO

AA = 4.5
"""Contrast that WCAG 2.2 (1.4.3, level AA) wants of texts that are not large."""

_TEXTS = """(selector) => {
  const found = [];
  for (const text of document.querySelectorAll(`${selector} svg text`)) {
    const box = text.getBoundingClientRect(), style = getComputedStyle(text);
    const frame = (text.closest(".scroll-x") || document.body).getBoundingClientRect();
    const seen = box.width > 2 && box.left >= frame.left && box.right <= frame.right;
    if (!text.textContent.trim() || !seen || !text.checkVisibility({visibilityProperty: true}))
      continue;
    let alpha = Number(style.fillOpacity);
    for (let e = text; e && e.nodeType === 1; e = e.parentElement) {
      alpha *= Number(getComputedStyle(e).opacity);
    }
    found.push({
      text: text.textContent, fill: style.fill, alpha,
      box: [box.left + scrollX, box.top + scrollY, box.right + scrollX, box.bottom + scrollY],
    });
  }
  return found;
}"""

_HIDE = """([selector, hidden]) => {
  for (const text of document.querySelectorAll(`${selector} svg text`)) {
    text.style.visibility = hidden ? "hidden" : "";
  }
}"""


def poor_texts(page, selector="body"):
    """Return texts of drawings whose contrast is below AA, and how many were looked at.

    The colour behind a text is the one that most of its box has when the text is hidden.
    """
    from PIL import Image

    texts = page.evaluate(_TEXTS, selector)
    page.evaluate(_HIDE, [selector, True])
    picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.evaluate(_HIDE, [selector, False])
    poor = []
    for one in texts:
        left, top, right, bottom = (round(edge) for edge in one["box"])
        part = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
        values = part.tobytes()
        colours = Counter(zip(values[::3], values[1::3], values[2::3], strict=True))
        (behind, _), *_ = colours.most_common(1)
        drawn = _numbers(one["fill"])
        alpha = one["alpha"] * (drawn[3] if len(drawn) > 3 else 1.0)
        fill = [alpha * a + (1 - alpha) * b for a, b in zip(drawn[:3], behind, strict=True)]
        ratio = contrast(fill, behind)
        if ratio < AA:
            poor.append(f"{one['text'][:30]!r}: {ratio:.2f}, {one['fill']} on {behind}")
    return poor, len(texts)


def contrast(first, second):
    """Return the contrast of two colours, each three numbers from 0 to 255, as WCAG counts it."""
    light = sorted((_luminance(first), _luminance(second)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def _luminance(colour):
    shares = [value / 255 for value in colour]
    parts = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _numbers(text):
    """Return the numbers of a colour such as `rgb(1, 2, 3)`."""
    inner = text[text.index("(") + 1 : text.index(")")]
    return [float(part) for part in inner.replace("/", ",").split(",")]
