"""Small changes to a source, each of which a test ought to notice.

Conventions
-----------
site      a node of the syntax tree and one way to change it; sites are numbered in the order of the source
operator  arithmetic, comparison, constant, sign, index, boolean, return value, dropped statement, swapped arguments
lines     of the statement's own text (of a compound statement its head alone): who executes none of them sees nothing

Docstrings, annotations, messages of exceptions and strings are left alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
}
_COMPARISON: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPPOSITE = {"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum"}
# The order of their arguments is immaterial, or only an exception tells.
_COMMUTATIVE = {"max", "min", "maximum", "minimum", "hypot", "logaddexp", "dot", "isinstance"}
_TYPES = {"dict", "tuple", "list", "Callable", "Mapping", "NDArray", "Literal"}
_NUMERIC = ("float", "Float", "int", "Decimal", "Number", "Fraction", "Column", "complex")


@dataclass(frozen=True)
class Mutant:
    """One change: ``number`` is its place among all of the file."""

    number: int
    operator: str
    lines: range
    is_imported: bool
    before: str
    after: str
    statement: str
    place: str  # line and column of what is changed

    @property
    def line(self) -> int:
        """The first line of the statement."""
        return self.lines.start

    def __str__(self) -> str:
        around = "" if self.statement == self.before else f"   in   {self.statement}"
        return f"{self.place}: {self.operator}: {self.before} -> {self.after}{around}"


def mutants_of(source: str) -> list[Mutant]:
    """Return every mutant of a source that is another program."""
    found = []
    for number, (site, change) in enumerate(_sites(ast.parse(source))):
        before = _text(site.node)
        after = _text(change())
        if before != after:
            found.append(
                Mutant(
                    number,
                    site.operator,
                    site.lines,
                    site.is_imported,
                    before,
                    after,
                    site.statement,
                    f"{getattr(site.node, 'lineno', 0)}:{getattr(site.node, 'col_offset', 0) + 1}",
                )
            )
    return found


def mutated(source: str, number: int) -> ast.Module:
    """Return the tree of the mutant of that number."""
    tree = ast.parse(source)
    for index, (site, change) in enumerate(_sites(tree)):
        if index == number:
            site.put(change())
            return ast.fix_missing_locations(tree)
    raise ValueError(f"number: got {number}; expected one that mutants_of has given")


@dataclass(frozen=True)
class _Site:
    operator: str
    node: ast.AST
    lines: range
    is_imported: bool
    statement: str
    put: Callable[[ast.AST], None]


Found = tuple[str, Callable[[], ast.AST]]


def _sites(tree: ast.Module) -> Iterator[tuple[_Site, Callable[[], ast.AST]]]:
    yield from _in_body(tree.body, is_imported=True, returns="")


def _in_body(body: list[ast.stmt], is_imported: bool, returns: str) -> Iterator:
    for k, statement in enumerate(body):
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring, or ...
        inner = getattr(statement, "body", None)
        last = inner[0].lineno - 1 if isinstance(inner, list) else statement.end_lineno
        lines = range(statement.lineno, max(last or 0, statement.lineno) + 1)
        text = _head(statement)

        def put_statement(new: ast.AST, body: list[ast.stmt] = body, k: int = k) -> None:
            body[k] = new

        def site(operator: str, node: ast.AST, put: Callable[[ast.AST], None]) -> _Site:
            return _Site(operator, node, lines, is_imported, text, put)  # noqa: B023

        for operator, change in _of_statement(statement, returns):
            yield site(operator, statement, put_statement), change
        if not isinstance(statement, ast.Raise):
            for node, put in _expressions(statement):
                for operator, change in _of_expression(node):
                    yield site(operator, node, put), change
        is_function = isinstance(statement, ast.FunctionDef)
        inside = ast.unparse(statement.returns) if is_function and statement.returns else returns
        for name in ("body", "orelse", "finalbody"):
            block = getattr(statement, name, None)
            if isinstance(block, list):
                yield from _in_body(block, is_imported and not is_function, inside)
        for handler in getattr(statement, "handlers", []):
            yield from _in_body(handler.body, is_imported, inside)


def _expressions(node: ast.AST) -> Iterator[tuple[ast.expr, Callable[[ast.AST], None]]]:
    """The expressions of a statement and below, annotations, strings and nested statements left out."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "decorator_list", "bases"):
            continue
        several = value if isinstance(value, list) else [value]
        for k, child in enumerate(several):
            if isinstance(child, ast.stmt | ast.JoinedStr) or not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.expr) and not isinstance(
                getattr(child, "ctx", None), ast.Store | ast.Del
            ):

                def put(
                    new: ast.AST,
                    node: ast.AST = node,
                    name: str = name,
                    value: object = value,
                    k: int = k,
                ) -> None:
                    if isinstance(value, list):
                        value[k] = new
                    else:
                        setattr(node, name, new)

                yield child, put
            yield from _expressions(child)


def _of_statement(statement: ast.stmt, returns: str) -> Iterator[Found]:
    drop = ast.Pass
    if isinstance(statement, ast.Expr | ast.Raise | ast.Continue | ast.Break):
        yield "dropped statement", drop
    elif isinstance(statement, ast.AugAssign):
        yield "dropped statement", drop
        if other := _ARITHMETIC.get(type(statement.op)):
            yield "arithmetic", lambda: _with(statement, op=other())
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        yield "dropped statement", drop
    elif isinstance(statement, ast.If) and not statement.orelse:
        yield "dropped statement", drop
    elif isinstance(statement, ast.Return) and statement.value is not None:
        value = statement.value
        if returns == "bool":
            new: ast.expr = ast.UnaryOp(ast.Not(), value)
        elif isinstance(value, ast.Tuple):
            new = ast.Tuple([ast.UnaryOp(ast.USub(), value.elts[0]), *value.elts[1:]], ast.Load())
        elif returns.startswith(_NUMERIC):
            new = ast.UnaryOp(ast.USub(), value)
        else:
            new = ast.Constant(None)
        yield "return value", lambda: ast.Return(new)


def _of_expression(node: ast.expr) -> Iterator[Found]:
    if isinstance(node, ast.BinOp):
        if other := _ARITHMETIC.get(type(node.op)):
            yield "arithmetic", lambda: _with(node, op=other())
        # Of a * b * c the innermost alone: the others are the same program.
        is_product = isinstance(node.op, ast.Mult | ast.Div | ast.MatMult)
        if is_product and not isinstance(node.left, ast.UnaryOp | ast.BinOp | ast.List):
            yield "sign", lambda: ast.UnaryOp(ast.USub(), node)
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            yield "sign", lambda: node.operand
        elif isinstance(node.op, ast.Not | ast.Invert):
            yield "boolean", lambda: node.operand
    elif isinstance(node, ast.Compare):
        for other in _COMPARISON[type(node.ops[0])]:
            yield "comparison", lambda other=other: _with(node, ops=[other(), *node.ops[1:]])
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "boolean", lambda: _with(node, op=other())
    elif isinstance(node, ast.IfExp):
        yield "boolean", lambda: _with(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.Constant):
        new = _another(node.value)
        if new is not None:
            yield "constant", lambda: ast.Constant(new)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "index", lambda: node.value
    elif isinstance(node, ast.Subscript):
        yield from _of_subscript(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_subscript(node: ast.Subscript) -> Iterator[Found]:
    if getattr(node.value, "id", "") in _TYPES:
        return
    if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        a, b = node.slice.elts
        yield "index", lambda: _with(node, slice=ast.Tuple([b, a], ast.Load()))
    elif isinstance(node.slice, ast.Slice):
        start, stop = node.slice.lower, node.slice.upper
        after = ast.BinOp(start or ast.Constant(0), ast.Add(), ast.Constant(1))
        yield "index", lambda: _with(node, slice=ast.Slice(after, stop, node.slice.step))


def _of_call(node: ast.Call) -> Iterator[Found]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in _OPPOSITE and len(node.args) > 1:
        func = copy.copy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", _OPPOSITE[name])
        yield "comparison", lambda: _with(node, func=func)
    for k, keyword in enumerate(node.keywords):
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            turned = ast.Constant(0 if keyword.value.value else 1)
            others = [*node.keywords[:k], ast.keyword("axis", turned), *node.keywords[k + 1 :]]
            yield "index", lambda others=others: _with(node, keywords=others)
    plain = len(node.args) > 1 and not any(map(_is_odd, node.args[:2]))
    if plain and name not in _COMMUTATIVE:
        yield (
            "swapped arguments",
            lambda: _with(node, args=[node.args[1], node.args[0], *node.args[2:]]),
        )


def _is_odd(argument: ast.expr) -> bool:
    """What no exchange of arguments is plausible for: a name of something, a function, a rest."""
    is_name = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return is_name or isinstance(argument, ast.Starred | ast.Lambda | ast.JoinedStr)


def _another(value: object) -> object:
    """Another constant: one more, twice as much, a hundred times a tolerance or a bound."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return 1.0 if value == 0.0 else value * (2.0 if 1e-5 < abs(value) < 1e5 else 100.0)
    return None


def _with(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _head(statement: ast.stmt) -> str:
    """The statement's text, of a compound one its first line."""
    return _short(ast.unparse(statement).split("\n")[0])


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "..."


def _text(node: ast.AST) -> str:
    return _short(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))))
