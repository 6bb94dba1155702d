"""Sums whose order is written down: the same bits whoever calls, whatever is inlined, and however wide a vector is.

A compiler that may reorder a sum (LLVM calls that reassociation) does so by its surroundings: by what it inlines, by the
processor's vectors, by whether a callee was compiled in this process or read back from a cache. So nothing here may be
reordered, and the order that a vector unit likes is spelt out instead, with n numbers x_0 … x_(n−1):

    lane j of 32:  s_j = x_j + x_(j+32) + x_(j+64) + …          over the whole blocks of 32
    four to one:   the halves are added until 8 lanes are left   s_j + s_(j+16), then + 8 places on
    lane j of 8:   + x of the whole blocks of 8 that remain
    eight to one:  the halves are added until one is left
    the tail:      at most 7 numbers, one after the other
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from lossbench.kernels.compilation import compiled, llvm_intrinsic

WIDE, NARROW = 32, 8  # lanes: four vectors of AVX2 in float32 hide the latency of an addition
Term = Callable[[Any, Any, Any], Any]  # builder, numbers x, partial sums s; what the partial sums become


def _blocks(builder: Any, kind: ir.Type, lanes: int, term: Term) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """IR for a loop over whole blocks of so many lanes: from an address, how many blocks, and partial sums to where it ends."""

    def emit(address: Any, count: Any, start: Any) -> tuple[Any, Any]:
        word, before = ir.IntType(64), builder.block
        loop, after = builder.append_basic_block("blocks"), builder.append_basic_block("after")
        builder.cbranch(builder.icmp_unsigned("==", count, word(0)), after, loop)
        builder.position_at_end(loop)
        current, left, sums = builder.phi(word), builder.phi(word), builder.phi(start.type)
        item = 4 if isinstance(kind, ir.FloatType) else 8
        pointer = builder.inttoptr(current, ir.PointerType(start.type))
        numbers = builder.load(pointer, align=item)
        summed = term(builder, numbers, sums)
        onward, rest = builder.add(current, word(lanes * item)), builder.sub(left, word(1))
        for phi, first, next_one in ((current, address, onward), (left, count, rest), (sums, start, summed)):
            phi.add_incoming(first, before)
            phi.add_incoming(next_one, loop)
        builder.cbranch(builder.icmp_unsigned("==", rest, word(0)), after, loop)
        builder.position_at_end(after)
        end, total = builder.phi(word), builder.phi(start.type)
        for phi, none, some in ((end, address, onward), (total, start, summed)):
            phi.add_incoming(none, before)
            phi.add_incoming(some, loop)
        return end, total

    return emit


def _halved(builder: Any, sums: Any, lanes: int) -> Any:
    """IR that adds the upper half of a vector to its lower half."""
    half = lanes // 2
    indices = [ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(n, n + half))) for n in (0, half)]
    low, high = (builder.shuffle_vector(sums, ir.Constant(sums.type, ir.Undefined), some) for some in indices)
    return builder.fadd(low, high)


def _summed(builder: Any, kind: ir.Type, span: tuple[Any, Any], term: Term) -> Any:
    """IR for the whole sum over a span (address, count), in the order that the head of this file gives."""
    address, count = span
    word = ir.IntType(64)
    sums = ir.Constant(ir.VectorType(kind, WIDE), [0.0] * WIDE)
    address, sums = _blocks(builder, kind, WIDE, term)(address, builder.udiv(count, word(WIDE)), sums)
    rest = builder.urem(count, word(WIDE))
    sums = _halved(builder, _halved(builder, sums, WIDE), WIDE // 2)
    address, sums = _blocks(builder, kind, NARROW, term)(address, builder.udiv(rest, word(NARROW)), sums)
    rest = builder.urem(rest, word(NARROW))
    for lanes in (NARROW, NARROW // 2):
        sums = _halved(builder, sums, lanes)
    one, other = (builder.extract_element(sums, ir.IntType(32)(n)) for n in (0, 1))
    return _blocks(builder, kind, 1, term)(address, rest, builder.fadd(one, other))[1]


@llvm_intrinsic
def sum_at(context: Any, address: Any, count: Any, like: Any) -> Any:
    """Σ x of `count` numbers, of the type of `like`, from an address on."""
    del context, address, count

    def emit(target: Any, builder: Any, _: Any, args: Any) -> Any:
        kind = target.get_value_type(like)
        return _summed(builder, kind, (args[0], args[1]), lambda build, x, sums: build.fadd(sums, x))

    return like(types.int64, types.int64, like), emit


@llvm_intrinsic
def _sum_of_squares(context: Any, address: Any, count: Any, centre: Any) -> Any:
    """Σ (x − centre)² of `count` numbers from an address on; each difference, square and addition is rounded by itself."""
    del context, address, count

    def emit(target: Any, builder: Any, _: Any, args: Any) -> Any:
        kind = target.get_value_type(centre)

        def term(build: Any, x: Any, sums: Any) -> Any:
            middle = args[2]
            if isinstance(x.type, ir.VectorType):
                first = build.insert_element(ir.Constant(x.type, ir.Undefined), args[2], ir.IntType(32)(0))
                everywhere = ir.Constant(ir.VectorType(ir.IntType(32), x.type.count), [0] * x.type.count)
                middle = build.shuffle_vector(first, ir.Constant(x.type, ir.Undefined), everywhere)
            apart = build.fsub(x, middle)
            return build.fadd(sums, build.fmul(apart, apart))  # nothing allows the two to be fused

        return _summed(builder, kind, (args[0], args[1]), term)

    return centre(types.int64, types.int64, centre), emit


@compiled()
def row_sum(rows: Any, r: int) -> Any:
    """Σ_n x_rn of contiguous rows (R, N) at r."""
    return sum_at(rows.ctypes.data + r * rows.strides[0], rows.shape[1], rows.dtype.type(0))


@compiled()
def row_sum_of_squares(rows: Any, r: int, centre: Any) -> Any:
    """Σ_n (x_rn − centre)² of contiguous rows (R, N) at r; the centre is of their type."""
    return _sum_of_squares(rows.ctypes.data + r * rows.strides[0], rows.shape[1], centre)
