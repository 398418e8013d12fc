"""A trained model as one file of numbers: NumPy's own format and a table of contents in JSON.

Reading it runs nothing (`allow_pickle=False`), and needs neither the importing of every class of scikit-learn, which
costs a command a second, nor a list of trusted types. Kept are dictionaries, lists, texts, numbers, true and false,
None, arrays of numbers, and fitted logistic regressions (as their weights).
"""

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

_ARRAY, _JUDGE = "\u0000array", "\u0000logistic"  # no key of ours begins with a null
_FITTED = ("coef_", "intercept_", "classes_", "n_iter_")
_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile)

Arrays = dict[str, NDArray[Any]]


def pack(content: Any) -> bytes:
    """``content`` as bytes, the same for the same content. Raises TypeError for what cannot be kept."""
    arrays: Arrays = {}
    table = json.dumps(_put(content, arrays)).encode()
    out = io.BytesIO()
    np.savez_compressed(
        out, allow_pickle=False, **{"contents": np.frombuffer(table, dtype=np.uint8), **arrays}
    )
    return out.getvalue()


def unpack(packed: bytes) -> Any:
    """What was packed. Raises ValueError when it is broken or was made by something else."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return _get(json.loads(arrays["contents"].tobytes()), arrays)
    except _BROKEN as error:
        raise ValueError(f"bukan berkas model yang utuh: {error}") from error


def _put(value: Any, arrays: Arrays) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_put(one, arrays) for one in value]
    if isinstance(value, dict):
        return {_key(name): _put(one, arrays) for name, one in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if type(value) is LogisticRegression:
        return {_JUDGE: {name: _put(getattr(value, name), arrays) for name in _FITTED}}
    raise TypeError(f"a model file cannot hold {type(value).__name__}")


def _key(name: Any) -> str:
    if not isinstance(name, str) or name.startswith("\u0000"):
        raise TypeError(f"a model file cannot hold the key {name!r}")
    return name


def _get(value: Any, arrays: Any) -> Any:
    if isinstance(value, list):
        return [_get(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    if _ARRAY in value:
        return arrays[value[_ARRAY]]
    if _JUDGE in value:
        return _judge({name: _get(one, arrays) for name, one in value[_JUDGE].items()})
    return {name: _get(one, arrays) for name, one in value.items()}


def _judge(fitted: dict[str, Any]) -> LogisticRegression:
    made = LogisticRegression()
    for name in _FITTED:
        setattr(made, name, fitted[name])
    made.n_features_in_ = made.coef_.shape[1]
    return made
