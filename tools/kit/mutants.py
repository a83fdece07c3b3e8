"""Small wrong changes to a Python file, each an exact span of its text."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",),
    "!=": ("==",), "is": ("is not",), "is not": ("is",), "in": ("not in",), "not in": ("in",),
}
WORDS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"),
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
COMMENT = re.compile(rb"#[^\n]*")
Spanned = ast.expr | ast.stmt | ast.keyword
UPDATES = ("replace", "with_tonight", "with_settings", "with_sleeper", "with_status")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: `source[start:end]`, in bytes, becomes `after`."""
    start: int
    end: int
    line: int
    function: str               # that encloses it, "" at the top of the file
    before: str
    after: str

    def applied(self, source: bytes) -> bytes:
        return source[:self.start] + self.after.encode() + source[self.end:]


class Finder(ast.NodeVisitor):
    """Walks what decides something: no annotations, no imports, no texts."""

    def __init__(self, source: bytes):
        self.source = source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.function: list[str] = []
        self.found: list[Mutant] = []

    # ---- spans -----------------------------------------------------------------------------------

    def span(self, node: Spanned) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None   # parsed, not made
        start = self.lines[node.lineno - 1] + node.col_offset
        return start, self.lines[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: Spanned) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def change(self, start: int, end: int, after: str) -> None:
        line = self.source.count(b"\n", 0, start) + 1
        before = self.source[start:end].decode()
        self.found.append(Mutant(start, end, line, ".".join(self.function), before, after))

    def between(self, left: Spanned, right: Spanned, word: str, after: str) -> None:
        """Replace the operator `word` that stands between two operands."""
        start, end = self.span(left)[1], self.span(right)[0]
        # A comment between the operands may well say "and"; it isn't the operator.
        gap = COMMENT.sub(lambda comment: b" " * len(comment[0]), self.source[start:end])
        place = gap.find(word.encode())
        if place >= 0:
            self.change(start + place, start + place + len(word), after)

    # ---- what is left alone ----------------------------------------------------------------------

    def scope(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self.function.append(node.name)
        for child in node.body:
            self.visit(child)
        if isinstance(node, ast.FunctionDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self.visit(default)
        self.function.pop()

    visit_FunctionDef = visit_ClassDef = scope

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def skip(self, node: ast.AST) -> None:
        pass

    visit_Import = visit_ImportFrom = visit_JoinedStr = visit_Assert = skip

    # ---- what is changed -------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for n, operator in enumerate(node.ops):
            word = WORDS[type(operator)]
            for after in COMPARISONS[word]:
                self.between(operands[n], operands[n + 1], word, after)
        for operand in operands:
            self.compared(operand)
        self.generic_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        self.compared(node.value)
        self.generic_visit(node)

    def compared(self, node: ast.expr) -> None:
        """A text matters where something is compared with it, alone or as one of several."""
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            for each in node.elts:
                self.compared(each)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.change(*self.span(node), repr(node.value + "?"))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC:
            self.between(node.left, node.right, *ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        before, after = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self.between(node.values[0], node.values[1], before, after)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        start, end = self.span(node)
        if isinstance(node.op, ast.Not | ast.USub):
            self.change(start, end, f"({self.text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        start, end = self.span(node)
        match node.value:
            case bool():
                self.change(start, end, str(not node.value))
            case int() | float():
                self.change(start, end, str(node.value + 1) if node.value < 2 else
                            str(node.value / 2 if isinstance(node.value, float)
                                else node.value // 2))

    def visit_If(self, node: ast.If) -> None:
        self.change(*self.span(node.test), f"not ({self.text(node.test)})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.change(*self.span(node), f"{self.text(node.orelse)} if {self.text(node.test)} "
                                      f"else {self.text(node.body)}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if isinstance(node.func, ast.Name) and name in CALLS:
            self.change(*self.span(node.func), CALLS[name])
        if name in UPDATES:
            for keyword in node.keywords:
                self.drop_keyword(keyword)
        self.generic_visit(node)

    def drop_keyword(self, keyword: ast.keyword) -> None:
        start, end = self.span(keyword)
        rest = self.source[end:]
        comma = rest[:len(rest) - len(rest.lstrip())] + rest.lstrip()[:1]
        if comma.endswith(b","):
            end += len(comma)
        self.change(start, end, "")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return                              # a docstring
        self.change(*self.span(node), "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.change(*self.span(node), "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Attribute) for target in node.targets):
            self.change(*self.span(node), "pass")
        self.generic_visit(node)


def mutants(source: bytes) -> list[Mutant]:
    """All of a file's, in its order; none is a syntax error."""
    finder = Finder(source)
    finder.visit(ast.parse(source))
    return list(sound(finder.found, source))


def sound(found: list[Mutant], source: bytes) -> Iterator[Mutant]:
    for mutant in sorted(set(found), key=lambda each: (each.start, each.end, each.after)):
        try:
            compile(mutant.applied(source), "mutant", "exec")
        except SyntaxError:
            continue
        yield mutant
