"""numba's functions of arrays, loaded without importing half of SciPy.

Before its first compiled function runs, numba loads what it knows of arrays and asks there whether SciPy
has BLAS, by importing scipy.linalg: a tenth of a second. RARE requires SciPy, so the answer is yes. Where
code that multiplies matrices is compiled, numba asks again and gets its answer as usual.
"""

from __future__ import annotations

import sys
from typing import Any


def load_array_functions() -> None:
    """Load them, if numba has not yet; where another version of numba asks in another way, it just asks."""
    if "numba.np.arraymath" in sys.modules:
        return
    from numba.np import linalg

    library: Any = linalg
    ask = getattr(library, "ensure_blas", None)
    if ask is None:
        return
    library.ensure_blas = lambda: None
    try:
        from numba.np import arraymath
    finally:
        library.ensure_blas = ask
    functions: Any = arraymath
    functions.ensure_blas = ask
