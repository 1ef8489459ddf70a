//! Results of each primitive on one thread, against what `core` documents.

use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::Ordering::Relaxed;
use splitmap_arch::AtomicPair;
use splitmap_arch::backends::{Backend, PairBackend as _, PtrWord};

/// A number as a pointer word's content.
fn number(value: usize) -> *mut () {
    without_provenance_mut(value)
}

pub(crate) fn compare_exchange_success_replaces<B: Backend>(backend: B) {
    let word = PtrWord::new(number(8));
    assert_eq!(
        backend.compare_exchange(&word, number(8), number(16)),
        Ok(number(8))
    );
    assert_eq!(word.load(Relaxed), number(16));
    assert_eq!(
        backend.compare_exchange(&word, number(16), null_mut()),
        Ok(number(16))
    );
    assert_eq!(word.load(Relaxed), null_mut());
}

pub(crate) fn compare_exchange_failure_leaves_target_unchanged<B: Backend>(backend: B) {
    let word = PtrWord::new(number(8));
    for _ in 0..100 {
        assert_eq!(
            backend.compare_exchange(&word, number(24), number(16)),
            Err(number(8))
        );
        assert_eq!(word.load(Relaxed), number(8));
    }
}

pub(crate) fn compare_exchange_compares_all_64_bits<B: Backend>(backend: B) {
    for bit in 0..usize::BITS {
        let word = PtrWord::new(number(1 << bit));
        assert_eq!(
            backend.compare_exchange(&word, number(0), number(5)),
            Err(number(1 << bit))
        );
        assert_eq!(
            backend.compare_exchange(&word, number(1 << bit), number(!0)),
            Ok(number(1 << bit))
        );
        assert_eq!(word.load(Relaxed), number(!0));
    }
}

pub(crate) fn swap_returns_the_previous_pointer<B: Backend>(backend: B) {
    let word = PtrWord::new(number(1));
    assert_eq!(backend.swap(&word, number(usize::MAX)), number(1));
    assert_eq!(backend.swap(&word, number(3)), number(usize::MAX));
    assert_eq!(word.load(Relaxed), number(3));
}

pub(crate) fn mark_if_equal_sets_the_tag_once<B: Backend>(backend: B) {
    let word = PtrWord::new(number(0x100));
    assert_eq!(
        backend.mark_if_equal(&word, number(0x100), 1),
        Ok(number(0x100))
    );
    assert_eq!(word.load(Relaxed), number(0x101));
    assert_eq!(
        backend.mark_if_equal(&word, number(0x100), 1),
        Err(number(0x101))
    );
    assert_eq!(
        backend.mark_if_equal(&word, number(0x101), 2),
        Ok(number(0x101))
    );
    assert_eq!(word.load(Relaxed), number(0x103));
}

pub(crate) fn mark_if_equal_failure_leaves_target_unchanged<B: Backend>(backend: B) {
    let word = PtrWord::new(number(0x200));
    assert_eq!(
        backend.mark_if_equal(&word, number(0x100), 1),
        Err(number(0x200))
    );
    assert_eq!(word.load(Relaxed), number(0x200));
}

pub(crate) fn tag_operations_keep_provenance<B: Backend>(backend: B) {
    const TAG: usize = 0b111;
    let mut value = 7_u64;
    let pointer = &raw mut value;
    let word = PtrWord::new(pointer.cast());

    assert_eq!(backend.fetch_or(&word, 0b101), pointer.cast());
    let tagged = backend.mark_if_equal(&word, pointer.cast::<()>().map_addr(|a| a | 0b101), 0b010);
    assert_eq!(tagged.map(|p| p.addr() & TAG), Ok(0b101));
    assert_eq!(backend.fetch_and(&word, !TAG).addr() & TAG, TAG);
    let back = backend.swap(&word, null_mut()).cast::<u64>();

    assert_eq!(back, pointer);
    // SAFETY: `back` is `pointer`, of which nobody else holds a reference; Miri checks that the tag
    // operations kept its provenance.
    unsafe { back.write(8) };
    assert_eq!(value, 8);
}

pub(crate) fn fetch_or_and_fetch_and_touch_only_their_bits<B: Backend>(backend: B) {
    let word = PtrWord::new(number(0b1100));
    assert_eq!(backend.fetch_or(&word, 0b1010), number(0b1100));
    assert_eq!(backend.fetch_or(&word, 0), number(0b1110));
    assert_eq!(backend.fetch_and(&word, 0b0110), number(0b1110));
    assert_eq!(backend.fetch_and(&word, usize::MAX), number(0b0110));
    assert_eq!(
        backend.fetch_or(&word, 1 << (usize::BITS - 1)),
        number(0b0110)
    );
    assert_eq!(
        backend.fetch_and(&word, 0),
        number(0b0110 | 1 << (usize::BITS - 1))
    );
    assert_eq!(word.load(Relaxed), null_mut());
}

pub(crate) fn addition_wraps<B: Backend>(backend: B) {
    let word = PtrWord::new(number(usize::MAX - 1));
    assert_eq!(backend.fetch_add(&word, 3), number(usize::MAX - 1));
    assert_eq!(backend.fetch_add_relaxed(&word, usize::MAX), number(1));
    assert_eq!(backend.fetch_add_relaxed(&word, 0), number(0));
    let high = 1 << (usize::BITS - 2);
    assert_eq!(backend.fetch_add(&word, high), number(0));
    assert_eq!(word.load(Relaxed), number(high));
}

pub(crate) fn store_then_fence_stores<B: Backend>(backend: B) {
    let word = PtrWord::new(number(1));
    backend.store_then_fence(&word, number(2));
    backend.fence();
    assert_eq!(word.load(Relaxed), number(2));
}

pub(crate) fn neighbouring_words_stay_as_they_are<B: Backend>(backend: B) {
    let canary = number(usize::MAX / 3);
    let words = [canary, number(1), canary].map(PtrWord::new);
    let word = &words[1];
    assert_eq!(
        backend.compare_exchange(word, number(1), number(2)),
        Ok(number(1))
    );
    assert_eq!(backend.swap(word, number(3)), number(2));
    assert_eq!(backend.fetch_or(word, !0), number(3));
    assert_eq!(backend.fetch_and(word, 0), number(!0));
    assert_eq!(backend.fetch_add(word, usize::MAX), number(0));
    assert_eq!(backend.fetch_add_relaxed(word, 1), number(!0));
    backend.store_then_fence(word, number(!0));
    assert_eq!(words[0].load(Relaxed), canary);
    assert_eq!(words[2].load(Relaxed), canary);
}

pub(crate) fn pair_compare_exchange_is_all_or_nothing<B: Backend>(backend: B) {
    let Some(wide) = backend.wide() else { return };
    let mut pairs = [[7, 7], [1, 2], [7, 7]].map(AtomicPair::new);
    let pair = &pairs[1];
    assert_eq!(wide.compare_exchange_pair(pair, [1, 2], [3, 4]), Ok([1, 2]));
    // One word equal is not enough, whichever it is.
    assert_eq!(
        wide.compare_exchange_pair(pair, [3, 0], [5, 6]),
        Err([3, 4])
    );
    assert_eq!(
        wide.compare_exchange_pair(pair, [0, 4], [5, 6]),
        Err([3, 4])
    );
    assert_eq!(
        wide.compare_exchange_pair(pair, [4, 3], [5, 6]),
        Err([3, 4])
    );
    assert_eq!(
        wide.compare_exchange_pair(pair, [3, 4], [usize::MAX, 0]),
        Ok([3, 4])
    );
    assert_eq!(
        wide.compare_exchange_pair(pair, [0, 0], [0, 0]),
        Err([usize::MAX, 0])
    );
    assert_eq!(
        pairs.each_mut().map(|pair| *pair.get_mut()),
        [[7, 7], [usize::MAX, 0], [7, 7]]
    );
}
