//! From a position and a new reading: which events of the reading were already delivered.
//!
//! The feed is nearly in the order of ingestion, so the delivered events are nearly the first ones of the reading. For each
//! number of undelivered events among them, from none to [`SUMS`], the sums tell which these are. A wrong answer would need as
//! many equations modulo 2⁶¹ − 1 to hold by chance: a solution is as good as certain, and without one the caller reports a gap.

use std::collections::HashMap;

use crate::field::{add, element, inverse, mul, sub};
use crate::ledger::{Mark, SUMS, Sums};

/// An event of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its ingestion time.
    pub ingestion: i64,
    /// Its fingerprint.
    pub fingerprint: u128,
}

/// The delivered events cannot be told from the others: more than [`SUMS`] differ, or one is not in the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivered events cannot be identified")]
pub struct Unsolved;

/// For each candidate: was it delivered? `candidates` are all events with an ingestion time above `mark.through`, in the order
/// in which the feed shows them.
///
/// # Errors
/// [`Unsolved`].
pub fn reconcile(mark: &Mark, candidates: &[Candidate]) -> Result<Vec<bool>, Unsolved> {
    let delivered = usize::try_from(mark.sums.count).map_err(|_| Unsolved)?;
    if delivered > candidates.len() {
        return Err(Unsolved);
    }
    let mut prefix = Sums::default();
    candidates.iter().take(delivered).for_each(|candidate| prefix.add(candidate.fingerprint));
    for missing in 0..=SUMS {
        if missing > 0 {
            let Some(next) = candidates.get(delivered + missing - 1) else { break };
            prefix.add(next.fingerprint);
        }
        let difference = prefix.without(&mark.sums);
        let among = candidates.get(..delivered + missing).unwrap_or_default();
        if let Some(mut undelivered) = solve(&difference, missing, among) {
            // The last of several equal events is the undelivered one: they were delivered in this order.
            let mut flags = vec![false; candidates.len()];
            for (flag, candidate) in flags.iter_mut().zip(among).rev() {
                let left = undelivered.get_mut(&element(candidate.fingerprint)).filter(|left| **left > 0);
                match left {
                    Some(left) => *left -= 1,
                    None => *flag = true,
                }
            }
            let count = flags.iter().filter(|flag| **flag).count();
            return if count == delivered { Ok(flags) } else { Err(Unsolved) };
        }
    }
    Err(Unsolved)
}

/// The `missing` elements, with their multiplicity, whose sums are `difference` and which are all in `among`.
fn solve(difference: &Sums, missing: usize, among: &[Candidate]) -> Option<HashMap<u64, usize>> {
    if missing == 0 {
        return (difference.powers == [0; SUMS]).then(HashMap::new);
    }
    let mut polynomial = polynomial(difference, missing);
    let mut roots: HashMap<u64, usize> = HashMap::new();
    for candidate in among {
        let root = element(candidate.fingerprint);
        if roots.contains_key(&root) {
            continue;
        }
        while polynomial.len() > 1
            && let Some(quotient) = divide(&polynomial, root)
        {
            *roots.entry(root).or_default() += 1;
            polynomial = quotient;
        }
        if polynomial.len() == 1 {
            break;
        }
    }
    let mut check = Sums::default();
    for (root, times) in &roots {
        (0..*times).for_each(|_| check.add_element(*root));
    }
    (polynomial.len() == 1 && check.powers == difference.powers).then_some(roots)
}

/// The monic polynomial whose roots are the elements with these sums, from the highest coefficient down (Newton's identities).
fn polynomial(sums: &Sums, degree: usize) -> Vec<u64> {
    // elementary[k] is the k-th elementary symmetric polynomial of the roots.
    let mut elementary = vec![1_u64];
    for k in 1..=degree {
        let mut total = 0;
        for (i, power) in sums.powers.iter().take(k).enumerate() {
            let term = mul(elementary.get(k - 1 - i).copied().unwrap_or(0), *power);
            total = if i % 2 == 0 { add(total, term) } else { sub(total, term) };
        }
        elementary.push(mul(total, inverse(k as u64)));
    }
    elementary.iter().enumerate().map(|(k, value)| if k % 2 == 0 { *value } else { sub(0, *value) }).collect()
}

/// The polynomial divided by (x − root), if that leaves no remainder (Horner's scheme).
fn divide(polynomial: &[u64], root: u64) -> Option<Vec<u64>> {
    let mut carry = 0;
    let mut quotient: Vec<u64> = polynomial
        .iter()
        .map(|coefficient| {
            carry = add(mul(carry, root), *coefficient);
            carry
        })
        .collect();
    (quotient.pop() == Some(0)).then_some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ledger;

    fn candidates(fingerprints: &[u128]) -> Vec<Candidate> {
        (1..).zip(fingerprints).map(|(ingestion, fingerprint)| Candidate { ingestion, fingerprint: *fingerprint }).collect()
    }

    fn check(all: &[u128], delivered: &[bool]) -> Result<Vec<bool>, Unsolved> {
        let mut ledger = Ledger::new(0);
        let all = candidates(all);
        let chosen = all.iter().zip(delivered).filter(|(_, delivered)| **delivered);
        chosen.for_each(|(candidate, _)| ledger.deliver(candidate.ingestion, candidate.fingerprint));
        reconcile(&ledger.mark(), &all)
    }

    #[test]
    fn undelivered_events_are_found_up_to_the_number_of_sums() {
        let all: Vec<u128> = (1..=40_u128).map(|n| n * n * 0x1_0000_0001_0000_0000_0003).collect();
        for holes in 0..=SUMS + 1 {
            let mut delivered = vec![true; 20];
            (0..holes).for_each(|hole| delivered[hole * 2] = false);
            delivered.resize(40, false);
            let expected = if holes <= SUMS { Ok(delivered.clone()) } else { Err(Unsolved) };
            assert_eq!(check(&all, &delivered), expected, "{holes} holes");
        }
    }

    #[test]
    fn of_equal_events_the_later_ones_are_undelivered() {
        let all = [5, 7, 5, 5, 9];
        assert_eq!(check(&all, &[true, true, false, false, false]), Ok(vec![true, true, false, false, false]));
        assert_eq!(check(&all, &[true, false, false, true, false]), Ok(vec![true, false, true, false, false]));
        assert_eq!(check(&all, &[true, false, false, false, true]), Ok(vec![true, false, false, false, true]));
    }

    #[test]
    fn a_delivered_event_that_the_reading_lacks_is_unsolved() {
        let mut ledger = Ledger::new(0);
        [1, 2, 3].into_iter().for_each(|fingerprint| ledger.deliver(5, fingerprint));
        assert_eq!(reconcile(&ledger.mark(), &candidates(&[1, 2])), Err(Unsolved));
        assert_eq!(reconcile(&ledger.mark(), &candidates(&[1, 2, 4, 5, 6, 7, 8, 9, 10, 11])), Err(Unsolved));
    }
}
