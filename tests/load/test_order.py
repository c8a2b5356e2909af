"""Who gets which rows, for any corpus and any number of ranks and workers."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from pipeline.load.order import Order, Place, Share, pools

GROUPS = st.lists(st.integers(0, 9), max_size=12)
ORDERS = st.builds(Order, seed=st.integers(0, 99), shuffle=st.booleans(), pool=st.integers(1, 5))


def places(groups: list[int], order: Order, share: Share, epoch: int = 0) -> list[Place]:
    return list(chain.from_iterable(pool.places() for pool in pools(groups, order, share, epoch)))


def shares(ranks: int, workers: int) -> list[Share]:
    return [
        Share(rank=rank, ranks=ranks, worker=worker, workers=workers)
        for rank in range(ranks)
        for worker in range(workers)
    ]


@given(GROUPS, ORDERS, st.integers(1, 5), st.integers(1, 4), st.integers(0, 3))
def test_shares_are_disjoint_and_together_everything(
    groups: list[int], order: Order, ranks: int, workers: int, epoch: int
) -> None:
    given_out = [place for share in shares(ranks, workers) for place in places(groups, order, share, epoch)]
    assert sorted(given_out) == [(group, row) for group, rows in enumerate(groups) for row in range(rows)]


@given(GROUPS, ORDERS, st.integers(1, 5), st.integers(1, 4))
def test_no_two_shares_differ_by_more_than_a_row_each(
    groups: list[int], order: Order, ranks: int, workers: int
) -> None:
    of_ranks = [
        [len(places(groups, order, share)) for share in shares(ranks, workers) if share.rank == rank]
        for rank in range(ranks)
    ]
    totals = [sum(counts) for counts in of_ranks]
    assert max(totals) - min(totals) <= 1
    assert all(max(counts) - min(counts) <= 1 for counts in of_ranks)


@given(GROUPS, ORDERS, st.integers(1, 5), st.integers(1, 4))
def test_equal_ranks_have_equally_many_and_leave_out_fewer_than_there_are_ranks(
    groups: list[int], order: Order, ranks: int, workers: int
) -> None:
    equal = order.model_copy(update={"equal": True})
    given_out = [(share.rank, place) for share in shares(ranks, workers) for place in places(groups, equal, share)]
    counts = [sum(rank == one for one, _ in given_out) for rank in range(ranks)]
    assert len(set(counts)) == 1
    assert 0 <= sum(groups) - len(given_out) < ranks
    assert len({place for _, place in given_out}) == len(given_out)


@given(GROUPS, st.integers(1, 5), st.integers(1, 3))
def test_without_shuffling_ranks_one_after_the_other_have_the_corpus_in_its_order(
    groups: list[int], pool: int, ranks: int
) -> None:
    order = Order(shuffle=False, pool=pool)
    assert [place for share in shares(ranks, 1) for place in places(groups, order, share)] == [
        (group, row) for group, rows in enumerate(groups) for row in range(rows)
    ]


@given(ORDERS, st.integers(0, 3))
def test_a_pool_never_has_more_row_groups_than_asked(order: Order, epoch: int) -> None:
    for pool in pools([4] * 11, order, Share(), epoch):
        assert len({group for group, _ in pool.places()}) <= order.pool


def test_shuffling_is_another_permutation_each_epoch_and_for_each_seed() -> None:
    groups = [8] * 6
    orders = [places(groups, Order(seed=seed), Share(), epoch) for seed in (1, 2) for epoch in (0, 1)]
    assert len({tuple(one) for one in orders}) == 4
    assert orders[0] == places(groups, Order(seed=1), Share(), 0)
    assert orders[0] != sorted(orders[0])


def test_dialogues_are_mixed_across_row_groups() -> None:
    (pool,) = pools([8] * 4, Order(pool=4), Share(), 0)
    assert len({group for group, _ in pool.places()[:8]}) > 1


def test_which_rows_are_over_changes_with_the_epoch() -> None:
    left = []
    for epoch in range(4):
        order = Order(equal=True, pool=1)
        taken = {place for share in shares(4, 1) for place in places([1] * 7, order, share, epoch)}
        left.append(frozenset({(group, 0) for group in range(7)} - taken))
    assert len(set(left)) > 1
