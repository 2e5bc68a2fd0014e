"""A reader of HTML that complains: about tags that do not match, ids that stand twice, links that lead nowhere."""

from html.parser import HTMLParser

VOID = ("meta", "link", "br", "img", "input", "hr")


class Reader(HTMLParser):
    """Elements as (name, attributes, ancestors' names), and what is wrong with them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.complaints, self._open, self.texts = [], [], [], {}
        self.feed(text)
        self.close()
        self.complaints += [f"<{name}> is not closed" for name in self._open]
        self.complaints += self._ids_and_links()

    def handle_starttag(self, name, attributes):
        given = dict(attributes)
        if len(given) != len(attributes):
            self.complaints.append(f"<{name}> has an attribute twice")
        self.elements.append((name, given, tuple(self._open)))
        if name not in VOID:
            self._open.append(name)

    def handle_endtag(self, name):
        if not self._open or self._open.pop() != name:
            self.complaints.append(f"</{name}> in line {self.getpos()[0]} closes something else")

    def handle_data(self, data):
        for name in self._open[-1:]:
            self.texts.setdefault(name, []).append(data)

    def of(self, name):
        """The attributes of every element of this name."""
        return [given for each, given, _ in self.elements if each == name]

    def by_class(self, name, wanted):
        return [given for given in self.of(name) if wanted in (given.get("class") or "").split()]

    @property
    def ids(self):
        return [given["id"] for _, given, _ in self.elements if "id" in given]

    def _ids_and_links(self):
        ids = self.ids
        known = set(ids)
        yield from (f"id {each} stands twice" for each in known if ids.count(each) > 1)
        for name, given, _ in self.elements:
            targets = given.get("aria-labelledby", "").split()
            if given.get("href", "").startswith("#"):
                targets.append(given["href"][1:])
            yield from (f"<{name}> leads to #{each}, which is not there" for each in targets if each not in known)
