"""One compilation unit for each entry point: rules are lowered, and optimised only inside who calls them.

numba optimises every function with everything it calls, and then again inside each of its callers. For rules, which
are many small functions deep in each other, that was nearly all of the time of a compilation. Here a function called
by another one is translated to LLVM's language and no further. The function called from Python links all of them into
one module, where nobody else can see them, and LLVM optimises that module once. It can then also drop what numba adds
to each call (a status to check, arguments nobody reads).

The classes used are numba's own but not public; `tests/rare/state/test_compilation_unit.py` says what is relied on.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core import types
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
    """The code of one function that only compiled code calls: neither linked, nor optimised, nor assembled."""

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
        """For libraries of numba's own making (loops in parallel): with all that it calls."""
        if self._shared_module is None:
            module = self._final_module.clone()
            for each in _below(self._linking_libraries):
                module.link_in(_part(each), preserve=True)
            _set_linkage(module, set(), "linkonce_odr")
            self._shared_module = module
        return self._shared_module


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
    """One type for all whole numbers: else each mixture of their widths is a function of its own to compile."""
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
        state = self.state
        state.library = _EntryLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return list(super().define_pipelines())


class Rule(CPUDispatcher):
    """A function compiled as a unit of its own for Python, and as a part of their unit for compiled functions."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        wrappers = {"no_cfunc_wrapper": True}
        super().__init__(function, targetoptions={**options, **wrappers}, pipeline_class=_EntryCompiler)
        inner = {**options, **wrappers, "no_cpython_wrapper": True}
        self._inner = _Inner(function, targetoptions=inner, pipeline_class=_InnerCompiler)

    def compile(self, sig: Any) -> Any:
        """Compile, or load, without the garbage collector: it would walk through all of numba's types again and again."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            return super().compile(sig)
        finally:
            if collecting:
                gc.enable()

    def get_call_template(self, args: Any, kws: Any) -> Any:
        return self._inner.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        return self._inner.get_overload(sig)
