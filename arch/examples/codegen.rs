//! One function per primitive, for `ci/asm` to disassemble. Nothing runs this.
//!
//! | prefix | what the function calls | what `ci/asm` wants of it |
//! | --- | --- | --- |
//! | `primitive_` | the public types | `+lse`: the LSE instruction alone; default: both forms, no call |
//! | `lse_`, `llsc_` | that backend | instructions of that kind only |
//! | `protect_` | `StoreLoad` | `stlr`, `ldar`, nothing else that touches memory |
//! | `walk_` | `StoreLoad` as a look-up uses it | every `ldar` straight after its `stlr` |
//! | `control_` | what shows that a build or a check is what it seems | see `ci/asm` |

use core::sync::atomic::{AtomicPtr as Foreign, Ordering};
use splitmap_arch::{AtomicPair, AtomicPtr, AtomicUsize, StoreLoad, WideCas};
use splitmap_arch::{prefetch_read, wait_while_equal};

/// A function under its own name, compiled by itself.
macro_rules! probe {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block)*) => {
        $(
            #[doc = concat!("See the table above: `", stringify!($name), "`.")]
            // SAFETY: no other symbol of this library has the name.
            #[unsafe(no_mangle)]
            #[inline(never)]
            pub fn $name($($argument: $type),*) $(-> $result)? $body
        )*
    };
}

type Link = AtomicPtr<u64>;
type Node = *mut u64;

probe! {
    primitive_compare_exchange(link: &Link, current: Node, new: Node) -> bool {
        link.compare_exchange(current, new).is_ok()
    }
    primitive_mark_if_equal(link: &Link, expected: Node) -> bool {
        link.mark_if_equal(expected, 1).is_ok()
    }
    primitive_swap(link: &Link, new: Node) -> Node {
        link.swap(new)
    }
    primitive_fetch_or(link: &Link, tag: usize) -> Node {
        link.fetch_or(tag)
    }
    primitive_fetch_and(link: &Link, mask: usize) -> Node {
        link.fetch_and(mask)
    }
    primitive_fetch_add(count: &AtomicUsize, addend: usize) -> usize {
        count.fetch_add(addend)
    }
    primitive_fetch_add_relaxed(count: &AtomicUsize, addend: usize) {
        count.fetch_add_relaxed(addend);
    }
    primitive_number_compare_exchange(count: &AtomicUsize, current: usize, new: usize) -> bool {
        count.compare_exchange(current, new).is_ok()
    }
    primitive_pair(wide: WideCas, pair: &AtomicPair, current: [usize; 2], new: [usize; 2]) -> bool {
        wide.compare_exchange(pair, current, new).is_ok()
    }

    protect_publish_then_load(order: StoreLoad, hazard: &Link, node: Node, link: &Link) -> Node {
        order.publish_then_load(hazard, node, link)
    }
    // A hazard that other code stores.
    protect_load_after_publish(order: StoreLoad, hazard: &Foreign<u64>, node: Node, link: &Link) -> Node {
        hazard.store(node, Ordering::Release);
        order.load_after_publish(link)
    }
    update_then_look(order: StoreLoad, link: &Link, current: Node, new: Node, flag: &Link) -> Node {
        let _ = link.compare_exchange(current, new);
        order.load_after_update(flag)
    }
    walk_protect(order: StoreLoad, hazard: &Foreign<u64>, link: &Link) -> Node {
        let mut seen = link.load_acquire();
        loop {
            hazard.store(seen, Ordering::Release);
            let again = order.load_after_publish(link);
            if again == seen {
                return seen;
            }
            seen = again;
        }
    }

    // The hazard of this build: with `+rcpc` it is an `ldapr`, which may pass an earlier `stlr`.
    control_load_acquire(link: &Link) -> Node {
        link.load_acquire()
    }
    control_heavy(order: StoreLoad) {
        order.heavy();
    }
    control_prefetch(node: *const u64) {
        prefetch_read(node);
    }
    control_wait(word: &AtomicUsize) {
        wait_while_equal(word, 7);
    }
}

/// The backends by name.
#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    not(any(loom, miri, splitmap_portable))
))]
pub mod aarch64 {
    use splitmap_arch::AtomicPair;
    use splitmap_arch::backends::{Backend as _, Llsc, Lse, PairBackend as _, PtrWord};

    type Word = *mut ();

    probe! {
        lse_compare_exchange(lse: Lse, word: &PtrWord, current: Word, new: Word) -> bool {
            lse.compare_exchange(word, current, new).is_ok()
        }
        lse_mark_if_equal(lse: Lse, word: &PtrWord, expected: Word) -> bool {
            lse.mark_if_equal(word, expected, 1).is_ok()
        }
        lse_swap(lse: Lse, word: &PtrWord, new: Word) -> Word {
            lse.swap(word, new)
        }
        lse_fetch_or(lse: Lse, word: &PtrWord, bits: usize) -> Word {
            lse.fetch_or(word, bits)
        }
        lse_fetch_and(lse: Lse, word: &PtrWord, mask: usize) -> Word {
            lse.fetch_and(word, mask)
        }
        lse_fetch_add(lse: Lse, word: &PtrWord, addend: usize) -> Word {
            lse.fetch_add(word, addend)
        }
        lse_fetch_add_relaxed(lse: Lse, word: &PtrWord, addend: usize) -> Word {
            lse.fetch_add_relaxed(word, addend)
        }
        lse_pair(lse: Lse, pair: &AtomicPair, current: [usize; 2], new: [usize; 2]) -> bool {
            lse.compare_exchange_pair(pair, current, new).is_ok()
        }

        llsc_compare_exchange(llsc: Llsc, word: &PtrWord, current: Word, new: Word) -> bool {
            llsc.compare_exchange(word, current, new).is_ok()
        }
        llsc_mark_if_equal(llsc: Llsc, word: &PtrWord, expected: Word) -> bool {
            llsc.mark_if_equal(word, expected, 1).is_ok()
        }
        llsc_swap(llsc: Llsc, word: &PtrWord, new: Word) -> Word {
            llsc.swap(word, new)
        }
        llsc_fetch_or(llsc: Llsc, word: &PtrWord, bits: usize) -> Word {
            llsc.fetch_or(word, bits)
        }
        llsc_fetch_and(llsc: Llsc, word: &PtrWord, mask: usize) -> Word {
            llsc.fetch_and(word, mask)
        }
        llsc_fetch_add(llsc: Llsc, word: &PtrWord, addend: usize) -> Word {
            llsc.fetch_add(word, addend)
        }
        llsc_fetch_add_relaxed(llsc: Llsc, word: &PtrWord, addend: usize) -> Word {
            llsc.fetch_add_relaxed(word, addend)
        }
        llsc_pair(llsc: Llsc, pair: &AtomicPair, current: [usize; 2], new: [usize; 2]) -> bool {
            llsc.compare_exchange_pair(pair, current, new).is_ok()
        }
    }
}
