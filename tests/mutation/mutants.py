"""Small wrong changes to a source file, a mutant each, and a random sample of them.

The changes are cosmic-ray's operators and one of ours (DeleteStatement). A place is a spot in a file and a
kind of change; of the mutants of one place (`+` can become `-`, `*`, `/` or `//`) one is drawn, so that no
kind of operator fills the sample. What is left out, by kind: see `is_left_out` and `OPERATORS`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
import parso
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor
from parso.python.tree import Keyword

ARITHMETIC = ("Add", "Sub", "Mul", "Div", "FloorDiv")
BITS = ("BitOr", "BitAnd", "BitXor")
SHIFTS = ("RShift", "LShift")
OTHER_ARITHMETIC = ("Mod", "Pow")
COMPARISONS = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
COMPILING = ("rule", "shared_rule")


def _pairs(prefix: str, old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    return [f"core/{prefix}_{a}_{b}" for a in old for b in new if a != b]


# Operators of one kind replace each other: `a >> b` for a sum of floats fails in any test that runs the line.
# `==` never becomes `is`: whether equal small numbers are one object is a matter of the interpreter.
OPERATORS = {
    "arithmetic": [
        *_pairs("ReplaceBinaryOperator", ARITHMETIC + OTHER_ARITHMETIC, ARITHMETIC),
        *_pairs("ReplaceBinaryOperator", BITS, BITS),
        *_pairs("ReplaceBinaryOperator", SHIFTS, SHIFTS),
    ],
    "comparison": [
        *_pairs("ReplaceComparisonOperator", COMPARISONS, COMPARISONS),
        "core/ReplaceComparisonOperator_Is_IsNot",
        "core/ReplaceComparisonOperator_IsNot_Is",
    ],
    "logic": ["core/ReplaceAndWithOr", "core/ReplaceOrWithAnd"],
    "negation": [
        "core/AddNot",
        *(f"core/ReplaceUnaryOperator_Delete_{each}" for each in ("USub", "Invert", "Not")),
    ],
    "constant": ["core/NumberReplacer", "core/ReplaceTrueWithFalse", "core/ReplaceFalseWithTrue"],
    "flow": [
        "core/ReplaceBreakWithContinue",
        "core/ReplaceContinueWithBreak",
        "core/ExceptionReplacer",
        "core/ZeroIterationForLoop",
    ],
    "decorator": ["core/RemoveDecorator"],
    "statement": ["own/DeleteStatement"],
}
KIND = {name: kind for kind, names in OPERATORS.items() for name in names}


class DeleteStatement:
    """Puts `pass` in the place of a call, of a change to an object, or of `x += y`.

    `x = y` stays: without it the next line would fail by itself.
    """

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if node.parent is not None and node.parent.type == "simple_stmt" and _has_effect(node):
            yield (node.start_pos, node.end_pos)

    def mutate(self, node: Any, index: int) -> Any:
        return Keyword("pass", node.start_pos, prefix=node.get_first_leaf().prefix)


def _has_effect(node: Any) -> bool:
    if node.type in ("atom_expr", "power"):
        return True
    if node.type != "expr_stmt":
        return False
    target, sign = node.children[0], node.children[1]
    return sign.type == "operator" and (sign.value != "=" or target.type in ("atom_expr", "power"))


@dataclass(frozen=True, order=True)
class Mutant:
    """One wrong change: the `occurrence`-th place of `operator` in `file` (below the root, with slashes)."""

    file: str
    line: int
    column: int
    operator: str
    occurrence: int

    @property
    def place(self) -> tuple[int, int, str]:
        return self.line, self.column, KIND[self.operator]


def operator_named(name: str) -> Any:
    """An operator that makes changes, by its name."""
    return DeleteStatement() if name == "own/DeleteStatement" else cosmic_ray.plugins.get_operator(name)()


def mutated(source: str, mutant: Mutant) -> str:
    """The source with the wrong change in it."""
    changed = MutationVisitor.mutate_code(source, operator_named(mutant.operator), mutant.occurrence)
    if changed is None:
        raise LookupError(
            f"{mutant.file}: no place {mutant.occurrence} of {mutant.operator}; was the file edited?"
        )
    return str(changed)


def _nodes(node: Any) -> Iterator[Any]:
    """A tree's nodes in the order in which cosmic-ray counts."""
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """Every mutant of a file that could matter, in order."""
    nodes = list(_nodes(get_ast((root / file).read_text(encoding="utf-8"))))
    left_out = {id(node): is_left_out(node) for node in nodes}
    found = []
    for name in KIND:
        operator, occurrence = operator_named(name), 0
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                if not left_out[id(node)]:
                    found.append(Mutant(file, line, column, name, occurrence))
                occurrence += 1
    return sorted(found)


def is_left_out(node: Any) -> bool:
    """Whether a change there could not matter to a result.

    Annotations; what a `raise` says, and the arguments of an error that is built; `assert`, which is for our
    own bugs; blocks for the type checker; decorators that only say that a function is compiled.
    """
    if node.type == "decorator" and node.children[1].get_code().strip() in COMPILING:
        return True
    child, parent = node, node
    if node.type == "annassign" or (node.type == "expr_stmt" and _is_docstring(node)):
        return True
    while parent is not None:
        if _leaves_out(parent, child):
            return True
        child, parent = parent, parent.parent
    return False


def _is_docstring(node: Any) -> bool:
    return node.children[0].type == "string" and len(node.children) == 1


def _leaves_out(parent: Any, child: Any) -> bool:
    kind = parent.type
    if kind in ("raise_stmt", "assert_stmt", "import_from"):
        return True
    if kind == "annassign":
        return child is parent.children[1]
    if kind == "tfpdef":
        return child is parent.children[-1]
    if kind == "param":
        return child is parent.annotation
    if kind == "funcdef":
        return child is parent.annotation
    if kind == "if_stmt":
        return "TYPE_CHECKING" in parent.children[1].get_code()
    if kind == "atom_expr":
        return (
            parent.children[0].get_code().strip().endswith(("Error", "Warning"))
            and child is not parent.children[0]
        )
    return False


def sample(mutants: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """About `size` mutants, spread over the files as their places are; each file has at least one.

    Files are drawn from on their own, so that the mutants of a file stay when another file is edited.
    """
    by_file: dict[str, dict[tuple[int, int, str], list[Mutant]]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.file, {}).setdefault(mutant.place, []).append(mutant)
    total = sum(map(len, by_file.values()))
    drawn = []
    for file, places in sorted(by_file.items()):
        rng = random.Random(f"{seed} {file}")
        count = min(len(places), max(1, round(size * len(places) / total)))
        drawn += [rng.choice(places[each]) for each in rng.sample(sorted(places), count)]
    return sorted(drawn)


def what_changed(before: str, after: str) -> str:
    """The first line that differs, before and after."""
    old, new = before.splitlines(), after.splitlines()
    for first, second in zip(old, new, strict=False):
        if first != second:
            return f"{first.strip()} -> {second.strip()}"
    return f"{old[-1].strip()} -> nothing"


def outer_function(source: str, line: int, column: int) -> tuple[str, int] | None:
    """Name within the module and first line of the outermost function whose body holds a spot, if any."""
    leaf = parso.parse(source).get_leaf_for_position((line, column), include_prefixes=True)
    names: list[tuple[str, int]] = []
    node = leaf
    while node.parent is not None:
        child, node = node, node.parent
        if node.type == "classdef" or (node.type == "funcdef" and child is node.children[-1]):
            names.insert(0, (node.type, node))
    path = ""
    for kind, node in names:
        path += node.name.value
        if kind == "funcdef":
            decorators = node.get_decorators()
            return path, (decorators[0] if decorators else node).start_pos[0]
        path += "."
    return None
