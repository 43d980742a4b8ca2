"""A C file as the rules see it: its lines, and the same lines without comments and literals."""

import re

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/)
      | (?P<line_comment>//[^\n]*)
      | (?P<include>^[ \t]*\#[ \t]*include[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\.|[^'\\\n])*')""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def blank(text):
    """As many spaces, and the same line ends."""
    return re.sub(r"[^\n]", " ", text)


class Source:
    """path is relative to the top folder. `code` has comments, strings and characters blanked
    out, so that positions and line numbers stay the same."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.line_comments = []
        self.includes = []
        self.code = TOKEN.sub(self._token, text)

    def _token(self, match):
        if match["include"]:
            name = re.search(r'([<"])([^>"]+)[>"]', match["include"])
            if name:
                self.includes.append((self.line_of(match.start()), name[1] == "<", name[2]))
            return blank(match[0])
        if match["line_comment"]:
            self.line_comments.append(self.line_of(match.start()))
        if match["string"]:
            return '"' + blank(match[0][1:-1]) + '"'
        return blank(match[0])

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def inside_parentheses(self, opening):
        """The code between the parenthesis at `opening` and the one that closes it."""
        depth = 0
        for at in range(opening, len(self.code)):
            if self.code[at] == "(":
                depth += 1
            elif self.code[at] == ")":
                depth -= 1
                if depth == 0:
                    return self.code[opening + 1 : at]
        return self.code[opening + 1 :]
