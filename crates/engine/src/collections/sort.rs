//! Sorting that can be interrupted.

use std::cmp::Ordering;

/// Items that are sorted at once: takes less than a millisecond for numbers, a few for long texts.
const PIECE: usize = 4_096;

/// Sorts items; equal ones keep their order. `tick` is called after each piece of work, and its error ends the sort.
pub(crate) fn sort_in_pieces<T, E>(
    mut items: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering,
    mut tick: impl FnMut() -> Result<(), E>,
) -> Result<Vec<T>, E> {
    for piece in items.chunks_mut(PIECE) {
        piece.sort_by(&order);
        tick()?;
    }
    let mut runs: Vec<Vec<T>> = Vec::with_capacity(items.len() / PIECE + 1);
    while items.len() > PIECE {
        // Runs are taken from the end, so that no item is moved twice.
        let at = (items.len() - 1) / PIECE * PIECE;
        runs.push(items.split_off(at));
        tick()?;
    }
    runs.push(items);
    runs.reverse();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(left) = pairs.next() {
            merged.push(match pairs.next() {
                Some(right) => merge(left, right, &order, &mut tick)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge<T, E>(
    left: Vec<T>,
    right: Vec<T>,
    order: &impl Fn(&T, &T) -> Ordering,
    tick: &mut impl FnMut() -> Result<(), E>,
) -> Result<Vec<T>, E> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        if merged.len().is_multiple_of(PIECE) {
            tick()?;
        }
        let takes_right = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) => order(one, other).is_gt(),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => return Ok(merged),
        };
        merged.extend(if takes_right { right.next() } else { left.next() });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{PIECE, sort_in_pieces};

    #[test]
    fn the_order_is_that_of_a_stable_sort_and_work_is_in_pieces() {
        for length in [0, 1, PIECE, PIECE + 1, 5 * PIECE + 7] {
            let items: Vec<(u64, usize)> =
                (0..length).map(|number| ((number as u64).wrapping_mul(0x9E37_79B9) % 1_000, number)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            let mut ticks = 0;
            let tick = || {
                ticks += 1;
                Ok::<_, Infallible>(())
            };
            let Ok(sorted) = sort_in_pieces(items, |left, right| left.0.cmp(&right.0), tick);
            assert_eq!(sorted, expected);
            assert!(ticks >= length / PIECE, "{ticks}");
        }
        let ended = sort_in_pieces(vec![3, 1, 2], Ord::cmp, || Err("cancelled"));
        assert_eq!(ended, Err("cancelled"));
    }
}
