"""Parts of kernels: functions that only other kernels call, and that become machine code together with those.

Numba makes machine code of each function on its own, and once more of all that it calls in every storey above it. A
program (`tiled/program.py`) has ten storeys: that was more than half of the time before its first result. A part stops
halfway. Its types are inferred and its text becomes LLVM's language, once for each set of argument types; LLVM
optimises it where it ends up, in the kernel at the top. The cache holds that kernel, and no parts.

A part does not count references to arrays. So one that returns arrays is for other parts to call: a kernel that does
count would give back what was never taken.

    library     what Numba calls a module in LLVM's language, and the machine code made of it
    state       what Numba knows of the function that it compiles
"""

import ctypes
from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import LoweringPass, PassManager, register_pass
from numba.core.typed_passes import NativeLowering, NoPythonBackend, NopythonTypeInference, PreLowerStripPhis
from numba.core.untyped_passes import FixupArgs, GenericRewrites, IRProcessing, ReconstructSSA, TranslateByteCode

# Numba declares these in ways that no type checker can follow.
_make_function: Any = numba._dynfunc.make_function  # type: ignore[attr-defined]
_register_pass: Any = register_pass
_pass_manager: Any = PassManager


class Library(JITCodeLibrary):
    """A part and the parts that it calls in LLVM's language: not optimised, and never machine code."""

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True


@_register_pass(mutates_CFG=False, analysis_only=True)
class Publish(LoweringPass):
    """Tell Numba what kernels call for this set of argument types."""

    _name = "publish"

    def __init__(self) -> None:  # which Numba declares abstract
        super().__init__()  # type: ignore[no-untyped-call]

    def run_pass(self, state: Any) -> bool:
        made, name = state.cr, state.cr.fndesc.qualname
        # Python would call this address with an object that is no function: a TypeError.
        address = ctypes.cast(ctypes.pythonapi.PyObject_Call, ctypes.c_void_p).value
        entry = _make_function(made.fndesc.lookup_module(), name, name, address, made.environment, (made.library,))
        state.targetctx.insert_user_function(entry, made.fndesc, [made.library])
        state.cr = made._replace(entry_point=entry)
        return False


# Of Numba's passes those that plain loops need: no objects, no closures, nothing unrolled or run in parallel.
PASSES = (
    (TranslateByteCode, "Numba's instructions"),
    (FixupArgs, "arguments by their names"),
    (IRProcessing, "definitions"),
    (GenericRewrites, "constant indices"),
    (ReconstructSSA, "each variable assigned once"),
    (NopythonTypeInference, "types"),
    (PreLowerStripPhis, "assignments where branches meet"),
    (NativeLowering, "LLVM's language"),
    (NoPythonBackend, "result"),
    (Publish, "what to call"),
)


class PartCompiler(CompilerBase):
    """Numba's compiler, as far as a part goes."""

    def define_pipelines(self) -> list[Any]:
        state: Any = self.state
        library: Any = Library
        state.flags.no_compile = True
        state.library = library(state.targetctx.codegen(), state.func_id.func_qualname)
        manager = _pass_manager("part")
        for each, what in PASSES:
            manager.add_pass(each, what)
        manager.finalize()
        return [manager]
