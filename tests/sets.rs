//! `HashSet` against std's.

mod common;

use common::Random;
use splitmap::HashSet;

#[test]
fn sets_agree_with_std() {
    type Model = std::collections::HashSet<u64>;
    let mut random = Random::new(3);
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let elements: Vec<u64> = (0..30).map(|_| random.below(40)).collect();
            ours.push(elements.iter().copied().collect::<HashSet<u64>>());
            theirs.push(elements.into_iter().collect::<Model>());
        }
        let (a, b, c, d) = (&ours[0], &ours[1], &theirs[0], &theirs[1]);
        let same = |ours: HashSet<u64>, theirs: Model| {
            assert_eq!(ours.into_iter().collect::<Model>(), theirs);
        };
        same(a & b, c & d);
        same(a | b, c | d);
        same(a ^ b, c ^ d);
        same(a - b, c - d);
        same(&(a - b) | b, &(c - d) | d);
        assert_eq!(a.is_subset(b), c.is_subset(d));
        assert_eq!(a.is_disjoint(b), c.is_disjoint(d));
        assert!((a & b).is_subset(a) && a.is_superset(&(a & b)) && (a - b).is_disjoint(b));
        assert_eq!(a == b, c == d);
        assert_eq!((a.len(), a.clone().len()), (c.len(), c.len()));
        a.retain(|n| n % 2 == 0);
        assert!(a.iter().all(|n| *n % 2 == 0));
        assert_eq!(a.drain().count(), c.iter().filter(|n| *n % 2 == 0).count());
    }
}

#[test]
fn a_set_keeps_the_element_that_it_has() {
    let set = HashSet::new();
    let first = String::from("a");
    let place = first.as_ptr();
    assert!(set.insert(first) && !set.insert(String::from("a")));
    assert_eq!(set.get("a").unwrap().as_ptr(), place);
    assert_eq!(set.get_or_insert(String::from("a")).as_ptr(), place);
    assert_eq!(set.replace(String::from("a")).unwrap().as_ptr(), place);
    assert_ne!(set.take("a").unwrap().as_ptr(), place);
    assert!(!set.contains("a") && !set.remove("a") && set.pop_any().is_none());
}
