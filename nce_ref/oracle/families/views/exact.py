r"""CLIP, SigLIP, NT-Xent and SupCon with their derivatives, to 40 digits, from the standard library and ``numbers``
alone.

    CLIP       rows (image i; text i; other texts) and (text i; image i; other images), each with weight 1/(2n), kappa =
               e^l
    NT-Xent    rows (a; its other view; all others) of the 2n views, each with weight 1/(2n), kappa = 1/t
    SupCon     rows (i; p; all others but i and p), p of i's label, each with weight 1/(|P_i| n'), n' the anchors with a
               positive
    SigLIP     -(1/n) sum_ij ln sigma(z s_ij), s = e^l u_i . v_j + b, z = 1 where j is i's own and -1 elsewhere
               dL/ds = -z sigma(-z s)/n = g;   dL/dl = e^l sum g q,   dL/db = sum g,   dL/du_i = e^l sum_j g_ij v_j
    a shard    rows of its own anchors against the keys of all devices; anchor k of device r is key r m + k, m anchors a
               device

Rows are computed by ``ranking/exact_embeddings``.

Conventions
-----------
views        (2n, n_dim), stacked: row i and row n + i are a pair; gathered ones are stacked as well
labels, rank   whole numbers, which may come as floats
derivatives    by the shard's own vectors in the anchor's place, and by all keys in the key's place: two arguments
ValueError     a shape that does not fit, NaN or inf, a vector of length 0, t <= 0, a rank that is none, no label that
               occurs twice
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from nce_ref.oracle.families.ranking.exact_embeddings import (
    Row,
    Units,
    contrast,
    lengths,
    pulled_back,
    read_temperature,
    read_vectors,
    units,
)
from nce_ref.oracle.numbers.balls import TINY, ZERO, Ball, ball, dot, settled
from nce_ref.oracle.numbers.linear_algebra import (
    Matrix,
    Number,
    Numbers,
    Points,
    as_fraction,
    as_fractions,
)
from nce_ref.oracle.numbers.logarithms import DIGITS, Outputs


def clip(images: Points, texts: Points, log_scale: Number, *, digits: int = DIGITS) -> Outputs:
    """Both directions, halved."""
    u, v, _ = _paired(images, texts)
    n = len(u)
    share = Fraction(1, 2 * n)
    rows = [Row(i, n + i, tuple(n + j for j in range(n) if j != i), share) for i in range(n)]
    rows += [Row(n + i, i, tuple(j for j in range(n) if j != i), share) for i in range(n)]
    return _learnt(
        u + v, rows, log_scale, digits, {"grad_images": (0, n), "grad_texts": (n, 2 * n)}
    )


def clip_shard(
    images: Points,
    texts: Points,
    all_images: Points,
    all_texts: Points,
    rank: Number,
    log_scale: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """One device's images against all texts, and its texts against all images."""
    u, v, n_dim = _paired(images, texts)
    U, V, _ = _paired(all_images, all_texts, n_dim)
    n, N = len(u), len(U)
    first, share = _first(rank, n, N), Fraction(1, 2 * n)
    images_at, texts_at = 2 * n, 2 * n + N
    rows = []
    for i in range(n):
        own = first + i
        others = [j for j in range(N) if j != own]
        rows.append(Row(i, texts_at + own, tuple(texts_at + j for j in others), share))
        rows.append(Row(n + i, images_at + own, tuple(images_at + j for j in others), share))
    places = {
        "grad_images": (0, n),
        "grad_texts": (n, 2 * n),
        "grad_all_images": (images_at, texts_at),
        "grad_all_texts": (texts_at, texts_at + N),
    }
    return _learnt(u + v + U + V, rows, log_scale, digits, places)


def nt_xent(views: Points, temperature: Number, *, digits: int = DIGITS) -> Outputs:
    """Every view against all others."""
    z = _views("views", views)
    n = len(z) // 2
    rows = []
    for a in range(2 * n):
        other = (a + n) % (2 * n)
        others = tuple(k for k in range(2 * n) if k not in (a, other))
        rows.append(Row(a, other, others, Fraction(1, 2 * n)))
    return _tempered(z, rows, temperature, digits, {"grad_views": (0, 2 * n)})


def nt_xent_shard(
    views: Points, all_views: Points, rank: Number, temperature: Number, *, digits: int = DIGITS
) -> Outputs:
    """One device's views against those of all devices."""
    z = _views("views", views)
    Z = _views("all_views", all_views, len(z[0]))
    n, N = len(z) // 2, len(Z) // 2
    first, local = _first(rank, n, N), 2 * n
    rows = []
    for i in range(n):
        pair = first + i, N + first + i
        others = tuple(local + k for k in range(2 * N) if k not in pair)
        rows.append(Row(i, local + pair[1], others, Fraction(1, 2 * n)))
        rows.append(Row(n + i, local + pair[0], others, Fraction(1, 2 * n)))
    places = {"grad_views": (0, local), "grad_all_views": (local, local + 2 * N)}
    return _tempered(z + Z, rows, temperature, digits, places)


def sup_con(
    embeddings: Points, labels: Numbers, temperature: Number, *, digits: int = DIGITS
) -> Outputs:
    """Every embedding against all others, those of its label its positives."""
    z = read_vectors("embeddings", embeddings)
    kinds = _whole("labels", labels, len(z))
    rows = _supervised(kinds, kinds, 0, 0)
    return _tempered(z, rows, temperature, digits, {"grad_embeddings": (0, len(z))})


def sup_con_shard(
    embeddings: Points,
    labels: Numbers,
    all_embeddings: Points,
    all_labels: Numbers,
    rank: Number,
    temperature: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """One device's embeddings against those of all devices."""
    z = read_vectors("embeddings", embeddings)
    Z = read_vectors("all_embeddings", all_embeddings, len(z[0]))
    n, N = len(z), len(Z)
    own, every = _whole("labels", labels, n), _whole("all_labels", all_labels, N)
    rows = _supervised(own, every, _first(rank, n, N), n)
    places = {"grad_embeddings": (0, n), "grad_all_embeddings": (n, n + N)}
    return _tempered(z + Z, rows, temperature, digits, places)


def siglip(
    images: Points, texts: Points, log_scale: Number, bias: Number, *, digits: int = DIGITS
) -> Outputs:
    """Every pair of an image and a text, a sigmoid each."""
    u, v, _ = _paired(images, texts)
    return _sigmoids(u, v, 0, log_scale, bias, digits, "grad_texts")


def siglip_shard(
    images: Points,
    all_texts: Points,
    rank: Number,
    log_scale: Number,
    bias: Number,
    *,
    digits: int = DIGITS,
) -> Outputs:
    """One device's images against the texts of all devices."""
    u = read_vectors("images", images)
    V = read_vectors("all_texts", all_texts, len(u[0]))
    return _sigmoids(u, V, _first(rank, len(u), len(V)), log_scale, bias, digits, "grad_all_texts")


def _sigmoids(
    u: Matrix, v: Matrix, first: int, log_scale: Number, bias: Number, digits: int, by_keys: str
) -> Outputs:
    l, b = as_fraction("log_scale", log_scale), as_fraction("bias", bias)
    share = Fraction(1, len(u))

    def run() -> dict[str, Any]:
        sizes = lengths(u), lengths(v)
        a, k = units(u, sizes[0]), units(v, sizes[1])
        scale, zero = ball(l).exp(), Ball(ZERO)
        value = by_scale = by_bias = zero
        of_a, of_k = ([[zero] * len(z[0]) for z in (side,) for _ in z] for side in (u, v))
        for i, own in enumerate(a):
            for j, key in enumerate(k):
                q = dot(own, key)
                s = scale * q + ball(b)
                x = (-s if j == first + i else s).exp()  # -ln sigma(z s) = ln(1 + e^(-z s))
                value = value + ball(share) * x.log_one_plus()
                g = ball(share) * x / (ball(1) + x)
                g = -g if j == first + i else g
                by_scale, by_bias = by_scale + g * q, by_bias + g
                push = scale * g
                of_a[i] = [p + push * w for p, w in zip(of_a[i], key)]
                of_k[j] = [p + push * w for p, w in zip(of_k[j], own)]
        return {
            "value": value,
            "grad_images": pulled_back(of_a, a, sizes[0]),
            by_keys: pulled_back(of_k, k, sizes[1]),
            "grad_log_scale": scale * by_scale,
            "grad_bias": by_bias,
        }

    return settled(run, digits, TINY)


def _supervised(own: list[int], every: list[int], first: int, offset: int) -> list[Row]:
    """Rows of anchors 0 ... n - 1 and keys from ``offset`` on, anchor i being key ``first + i``."""
    positives = {
        i: [p for p, kind in enumerate(every) if kind == label and p != first + i]
        for i, label in enumerate(own)
    }
    anchors = [i for i, of in positives.items() if of]
    if not anchors:
        raise ValueError(
            "labels: got no label that occurs twice; expected an anchor with a positive"
        )
    rows = []
    for i in anchors:
        share = Fraction(1, len(positives[i]) * len(anchors))
        for p in positives[i]:
            others = tuple(offset + k for k in range(len(every)) if k not in (first + i, p))
            rows.append(Row(i, offset + p, others, share))
    return rows


def _tempered(
    pool: Matrix,
    rows: list[Row],
    temperature: Number,
    digits: int,
    places: dict[str, tuple[int, int]],
) -> Outputs:
    t = read_temperature(temperature)

    def run() -> dict[str, Any]:
        found = contrast(pool, rows, ball(1 / t))
        by_t = -(found.by_scale * ball(1 / t**2))
        return {"value": found.value, **_cut(found.by_vectors, places), "grad_temperature": by_t}

    return settled(run, digits, TINY)


def _learnt(
    pool: Matrix,
    rows: list[Row],
    log_scale: Number,
    digits: int,
    places: dict[str, tuple[int, int]],
) -> Outputs:
    l = as_fraction("log_scale", log_scale)

    def run() -> dict[str, Any]:
        scale = ball(l).exp()
        found = contrast(pool, rows, scale)
        cut = _cut(found.by_vectors, places)
        return {"value": found.value, **cut, "grad_log_scale": scale * found.by_scale}

    return settled(run, digits, TINY)


def _cut(found: Units, places: dict[str, tuple[int, int]]) -> dict[str, Units]:
    return {name: found[start:end] for name, (start, end) in places.items()}


def _paired(one: Points, other: Points, n_dim: int | None = None) -> tuple[Matrix, Matrix, int]:
    u = read_vectors("images", one, n_dim)
    v = read_vectors("texts", other, len(u[0]))
    if len(u) != len(v):
        raise ValueError(f"text: got {len(v)} rows; expected {len(u)}, one an image")
    return u, v, len(u[0])


def _views(name: str, views: Points, n_dim: int | None = None) -> Matrix:
    z = read_vectors(name, views, n_dim)
    if len(z) % 2:
        raise ValueError(f"{name}: got {len(z)} rows; expected two views of each example")
    return z


def _whole(name: str, values: Numbers, size: int) -> list[int]:
    read = as_fractions(name, values, size)
    if any(v.denominator != 1 for v in read):
        raise ValueError(f"{name}: got {[str(v) for v in read]}; expected whole numbers")
    return [int(v) for v in read]


def _first(rank: Number, n: int, n_all: int) -> int:
    """The key that is the shard's first anchor."""
    r = as_fraction("rank", rank)
    if r.denominator != 1 or not 0 <= r * n <= n_all - n or n_all % n:
        raise ValueError(f"rank: got {rank}; expected a whole number from 0 to {n_all}/{n} - 1")
    return int(r) * n
