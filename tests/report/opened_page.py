"""A page in a browser, with what it complained of and asked for."""

WIDE = (1200, 800)


class Opened:
    """A page from a file, in a browser."""

    def __init__(self, browser, path, size=WIDE, scheme="light"):
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.troubles, self.requests, self.answered = [], [], []
        self.page.on("console", lambda line: self.troubles.append(line.text)
                     if line.type in ("error", "warning") else None)  # fmt: skip
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfinished", lambda request: self.answered.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)
        self.path = path

    def draw_all(self):
        """Scroll to the end, so that every chart is drawn, and wait for them."""
        for place in range(self.page.locator(".plot").count()):
            self.page.locator(".plot").nth(place).scroll_into_view_if_needed()
        self.wait_until("[...document.querySelectorAll('.plot')].every((p) => p.dataset.drawn)")

    def wait_until(self, condition, seconds=60):
        """Ask again and again; the page's policy forbids what Playwright would do for it."""
        for _ in range(seconds * 10):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"never came true: {condition}")

    def close(self):
        self.context.close()

    def assert_quiet(self):
        assert self.troubles == []
        assert self.requests == [self.path.as_uri()]

    def shown_rows(self):
        return self.page.locator("#all-trials tbody tr:not(.away)").count()
