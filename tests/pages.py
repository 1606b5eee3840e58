"""What a browser would send back from a page it was shown."""

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """The names and values of a page's fields, as typed or chosen."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = self._text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type")
        if tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value") or ""
        elif tag == "select":
            self._select = name
            self.values[name] = ""
        elif tag == "textarea":
            self._text = name
            self.values[name] = ""
        elif tag == "input" and (kind not in ("submit", "checkbox", "radio") or "checked" in given):
            self.values[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        if self._text:
            self.values[self._text] += data


def filled(response: Any) -> dict[str, str]:
    """The fields of the page with their present values, without buttons and tokens."""
    values = _Fields(response.content.decode()).values
    return {k: v for k, v in values.items() if k and k[0] != "_" and k != "csrfmiddlewaretoken"}


def errors(response: Any) -> list[Any]:
    """What the page of a form refused, its tables included."""
    tables = [table.formset.errors for table in response.context["inline_admin_formsets"]]
    return [response.context["adminform"].form.errors, *tables]
