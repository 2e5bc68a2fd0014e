"""HTML from Python: what is not marked as HTML already is escaped, so that no print of a paper can break the page."""

from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str | int | bool | None) -> Html:
    """An element: tag("a", "1 < 2", href="#x", class_="id") -> <a href="#x" class="id">1 &lt; 2</a>

    A trailing underscore is dropped from an attribute's name, others become hyphens. True stands for an attribute
    without a value; None and False leave it out.
    """
    return Html(f"<{name}{_attributes(attributes)}>{join(*content)}</{name}>")


def void(name: str, /, **attributes: str | int | bool | None) -> Html:
    """An element that has no content, such as <meta>."""
    return Html(f"<{name}{_attributes(attributes)}>")


def join(*parts: str, between: str = "") -> Html:
    """The parts one behind the other, those that are not HTML escaped."""
    return Html(_safe(between).join(map(_safe, parts)))


def _safe(part: str) -> str:
    return part if isinstance(part, Html) else escape(part, quote=False)


def _attributes(attributes: dict[str, str | int | bool | None]) -> str:
    text = ""
    for name, value in attributes.items():
        key = name.rstrip("_").replace("_", "-")
        if value is True:
            text += f" {key}"
        elif value is not None and value is not False:
            text += f' {key}="{escape(str(value))}"'
    return text
