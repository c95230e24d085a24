"""Compilation units: rules are lowered once, and optimised only inside the functions that call them.

numba optimises every function with everything it calls, and then again inside each of its callers. Rules
are many small functions deep in each other, so that this was most of the time of a compilation. Here a
function that compiled code calls (an inner function) is translated to LLVM's language and no further. A
function that Python calls (an entry) links all of them into one module, where nobody else sees them, and
LLVM optimises that module once. It can then also drop what numba adds to each call: a status to check,
arguments that nobody reads. A shared rule is a unit of its own that other units call by its name.

The classes of numba that are used here are not public; tests/rare/state/test_compilation_unit.py shows
what is relied on.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)


class _InnerLibrary(JITCodeLibrary):
    """The code of an inner function: neither linked, nor optimised, nor assembled."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True

    def own_module(self) -> Any:
        """The module of this function alone."""
        self._ensure_finalized()
        return self._final_module

    def _get_module_for_linking(self) -> Any:
        raise RuntimeError(f"{self.name}: only entries may link an inner function")


class _EntryLibrary(JITCodeLibrary):
    """The code of a function called from Python, with all that it calls, optimised once."""

    def finalize(self) -> None:
        self._codegen._check_llvm_bugs()
        self._raise_if_finalized()
        own = {each.name for each in self._final_module.functions if not each.is_declaration}
        for library in _below(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(_part(library), preserve=True)
        _set_linkage(self._final_module, own, "internal")
        self._optimize_final_module()
        self._final_module.verify()
        self._finalize_final_module()


class _SharedLibrary(_EntryLibrary):
    """The code of a unit that others call by its name: nothing of it is linked into them."""


def _part(library: Any) -> Any:
    """What a library adds to a unit that has its callees anyway."""
    return library.own_module() if isinstance(library, _InnerLibrary) else library._get_module_for_linking()


def _below(libraries: list[Any]) -> Iterator[Any]:
    """Each library that these need, once."""
    seen: set[int] = set()
    waiting = list(reversed(libraries))
    while waiting:
        library = waiting.pop()
        if id(library) not in seen:
            seen.add(id(library))
            if library.name.startswith(_SHARED):
                continue
            yield library
            if isinstance(library, _InnerLibrary):
                waiting += reversed(library._linking_libraries)


def _set_linkage(module: Any, but: set[str], linkage: str) -> None:
    for function in list(module.functions):
        if not function.is_declaration and function.name not in but:
            function.linkage = linkage


class _NoEntry:
    """Stands where numba keeps a function that Python can call."""


class _Inner(CPUDispatcher):
    """A function that only compiled functions call."""

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return super().get_call_template(
            tuple(map(_widened, args)), {name: _widened(each) for name, each in kws.items()}
        )

    def add_overload(self, cres: Any) -> None:
        self.overloads[tuple(cres.signature.args)] = cres


def _widened(argument: Any) -> Any:
    """One type for all whole numbers: else each mixture of widths would be compiled on its own."""
    kind = types.unliteral(argument)
    if isinstance(kind, types.Integer) and kind is not types.uint64:
        return types.int64
    return kind


@register_pass(mutates_CFG=True, analysis_only=False)
class _InnerLowering(NativeLowering):
    """Lower a function, and make it known to its callers, without machine code of its own."""

    _name = "rare_inner_lowering"

    def run_pass(self, state: Any) -> bool:
        state.flags.no_compile = True
        super().run_pass(state)
        lowered, entry = state["cr"], _NoEntry()
        state.targetctx.insert_user_function(entry, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=entry)
        return True


# What rules need of numba's pipeline: no closures, no lists to unroll, no array expressions to fuse.
_INNER_PASSES = (
    TranslateByteCode,
    FixupArgs,
    IRProcessing,
    GenericRewrites,
    ReconstructSSA,
    NopythonTypeInference,
    PreLowerStripPhis,
    IRLegalization,
    _InnerLowering,
    NoPythonBackend,
)


class _InnerCompiler(Compiler):
    def define_pipelines(self) -> list[Any]:
        state = self.state
        state.library = _InnerLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        pipeline = PassManager("rare inner function")
        for each in _INNER_PASSES:
            pipeline.add_pass(each, each.__name__)
        pipeline.finalize()
        return [pipeline]


class _EntryCompiler(Compiler):
    def define_pipelines(self) -> list[Any]:
        self.state.library = _EntryLibrary(self.state.targetctx.codegen(), self.name())
        self.state.library.enable_object_caching()
        return list(super().define_pipelines())

    def name(self) -> str:
        return str(self.state.func_id.func_qualname)


class _SharedCompiler(_EntryCompiler):
    """Names its function by module, name and types alone, so that other processes find it under that name."""

    def name(self) -> str:
        state = self.state
        digest = hashlib.sha256(repr(state.args).encode()).hexdigest()[:16]
        state.targetctx.mangler = partial(_lasting_name, state.targetctx.mangler, digest)
        return f"{_SHARED}{state.func_id.modname}.{state.func_id.func_qualname}"


def _lasting_name(mangler: Any, digest: str, name: str, argument_types: Any, **others: Any) -> Any:
    return mangler(f"{name}.{digest}", (), abi_tags=(), uid=None)


_SHARED = "rare.shared."


def _named_in(function: Callable[..., Any]) -> Iterator[Any]:
    """What the names in a function's code stand for, in its module or in modules that it names."""
    names = function.__code__.co_names
    for name in names:
        named = function.__globals__.get(name)
        if isinstance(named, ModuleType):
            yield from (vars(named).get(each) for each in names)
        else:
            yield named


class Rule(CPUDispatcher):
    """A function that is an entry for Python, and an inner function for compiled functions."""

    _compiler_class: type[Compiler] = _EntryCompiler
    _units: tuple[SharedRule, ...] | None = None

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        wrappers = {"no_cfunc_wrapper": True}
        super().__init__(function, targetoptions={**options, **wrappers}, pipeline_class=self._compiler_class)
        inner = {**options, **wrappers, "no_cpython_wrapper": True}
        self._inner = _Inner(function, targetoptions=inner, pipeline_class=_InnerCompiler)

    def compile(self, sig: Any) -> Any:
        """Compile or load a unit. The garbage collector rests: it took a tenth of the time (measured)."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            for unit in self.units():
                unit.make_ready()
            return super().compile(sig)
        finally:
            if collecting:
                gc.enable()

    def units(self) -> tuple[SharedRule, ...]:
        """The units that this function, or one that becomes part of it, calls by name."""
        if self._units is None:
            found: dict[int, SharedRule] = {}
            seen = {id(self)}
            waiting = [self.py_func]
            while waiting:
                function = waiting.pop()
                for called in _named_in(function):
                    if isinstance(called, SharedRule):
                        found.setdefault(id(called), called)
                    elif isinstance(called, Rule) and id(called) not in seen:
                        seen.add(id(called))
                        waiting.append(called.py_func)
            self._units = tuple(found.values())
        return self._units

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return self._inner.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        return self._inner.get_overload(sig)


class SharedRule(Rule):
    """A unit that compiled functions call by its name: it is compiled once for all of them."""

    _compiler_class = _SharedCompiler

    def __init__(self, function: Callable[..., Any], options: dict[str, Any], arguments: tuple[Any, ...]):
        super().__init__(function, options)
        self._arguments = arguments

    def make_ready(self) -> None:
        """Compile it, or load it: who calls it by name cannot be loaded before."""
        if not self.overloads:
            self.compile(self._arguments)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        self.make_ready()
        return CPUDispatcher.get_call_template(self, self._arguments, {})

    def get_overload(self, sig: Any) -> Any:
        return CPUDispatcher.get_overload(self, sig)
