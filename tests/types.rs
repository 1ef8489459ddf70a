//! What the types promise: who may send and share what, for how long, and what is a subtype of what.
//!
//! What must compile, and every auto trait both ways, is checked by compiling this file. What must not
//! compile is in `tests/types/*.rs`, each beside the compiler's answer (`.stderr`). To write the answers
//! anew, for a newer compiler or another test:
//!
//! ```console
//! $ TRYBUILD=overwrite cargo test --test types       # and then change BLESSED
//! ```

#![cfg(not(loom))]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::marker::{PhantomData, PhantomPinned};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};

use splitmap::{
    Entry, ExtractIf, HashMap, IntoIter, IntoKeys, Iter, IterMut, Key, Keys, OccupiedError,
    OwnedIter, OwnedRef, Ref, Values, ValuesMut,
};

/// Whether a type has a trait: a constant of the type itself comes before a trait's.
macro_rules! has {
    ($type:ty: $trait:ident) => {{
        #[allow(dead_code, reason = "one of the two constants is not used")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        #[allow(dead_code, reason = "never made")]
        struct Asked<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "one of the two constants is not used")]
        impl<T: ?Sized + $trait> Asked<T> {
            const ANSWER: bool = true;
        }
        <Asked<$type>>::ANSWER
    }};
}

macro_rules! check {
    ($type:ty: $trait:ident, $expected:expr) => {
        let (name, trait_name) = (stringify!($type), stringify!($trait));
        assert_eq!(has!($type: $trait), $expected, "{name}: {trait_name}");
    };
}

type Both = u8;
type SendOnly = Cell<u8>;
type SyncOnly = MutexGuard<'static, u8>;
type Neither = Rc<u8>;

/// Goes on with each of the four, and whether it is `Send` and `Sync`.
macro_rules! with_each {
    ($then:ident! $($before:tt)*) => {
        $then!($($before)* [Both true true]);
        $then!($($before)* [SendOnly true false]);
        $then!($($before)* [SyncOnly false true]);
        $then!($($before)* [Neither false false]);
    };
}

#[test]
fn auto_traits_of_threads_follow_from_those_of_keys_values_and_hasher() {
    macro_rules! keys {
        ($($key:tt)*) => { with_each!(values! $($key)*); };
    }
    macro_rules! values {
        ([$k:ident $k_send:literal $k_sync:literal] [$v:ident $v_send:literal $v_sync:literal]) => {
            let both = $k_send && $k_sync && $v_send && $v_sync;
            check!(Ref<'static, $k, $v>: Send, both);
            check!(Ref<'static, $k, $v>: Sync, both);
            check!(Iter<'static, $k, $v>: Send, both);
            check!(Iter<'static, $k, $v>: Sync, both);
            check!(Key<'static, $k, $v>: Send, both);
            check!(Key<'static, $k, $v>: Sync, both);
            check!(Keys<'static, $k, $v>: Send, both);
            check!(Values<'static, $k, $v>: Sync, both);
            check!(ExtractIf<'static, $k, $v, fn()>: Send, both);
            check!(ExtractIf<'static, $k, $v, fn()>: Sync, both);
            check!(OwnedRef<$k, $v>: Send, both);
            check!(OwnedRef<$k, $v>: Sync, both);
            check!(OwnedIter<$k, $v>: Send, both);
            check!(Entry<'static, $k, $v>: Send, both);
            check!(IterMut<'static, $k, $v>: Send, $k_sync && $v_send);
            check!(IterMut<'static, $k, $v>: Sync, $k_sync && $v_sync);
            check!(ValuesMut<'static, $k, $v>: Send, $k_sync && $v_send);
            check!(IntoIter<$k, $v>: Send, $k_send && $v_send);
            check!(IntoIter<$k, $v>: Sync, $k_sync && $v_sync);
            check!(IntoKeys<$k, $v>: Send, $k_send && $v_send);
            check!(OccupiedError<'static, $k, $v>: Send, both);
            check!(OccupiedError<'static, $k, $v>: Sync, both);
            with_each!(hashers! $k $v ($k_send && $v_send) both);
        };
    }
    macro_rules! hashers {
        ($k:ident $v:ident $send:tt $both:ident [$s:ident $s_send:literal $s_sync:literal]) => {
            check!(HashMap<$k, $v, $s>: Send, $send && $s_send);
            check!(HashMap<$k, $v, $s>: Sync, $both && $s_sync);
        };
    }
    with_each!(keys!);
}

#[test]
fn entries_are_not_pinned_with_the_map() {
    assert!(has!(HashMap<PhantomPinned, PhantomPinned, u8>: Unpin));
    assert!(!has!(HashMap<u8, u8, PhantomPinned>: Unpin));
    assert!(has!(Ref<'static, PhantomPinned, PhantomPinned>: Unpin));
    assert!(has!(Iter<'static, PhantomPinned, PhantomPinned>: Unpin));
}

/// As std's map, and as references to its entries.
#[test]
fn what_a_panic_may_leave_behind_is_as_with_std() {
    macro_rules! compare {
        ($key:ty, $value:ty, $hasher:ty) => {{
            type Std = std::collections::HashMap<$key, $value, $hasher>;
            type Map = HashMap<$key, $value, $hasher>;
            type Entry = &'static ($key, $value);
            assert_eq!(has!(Map: UnwindSafe), has!(Std: UnwindSafe));
            assert_eq!(has!(Map: RefUnwindSafe), has!(Std: RefUnwindSafe));
            assert_eq!(has!(Ref<'static, $key, $value>: UnwindSafe), has!(Entry: UnwindSafe));
            assert_eq!(has!(Ref<'static, $key, $value>: RefUnwindSafe), has!(Entry: RefUnwindSafe));
            assert_eq!(has!(Iter<'static, $key, $value>: UnwindSafe), has!(Entry: UnwindSafe));
            assert_eq!(has!(Iter<'static, $key, $value>: RefUnwindSafe), has!(Entry: RefUnwindSafe));
        }};
    }
    compare!(u8, u8, u8);
    compare!(Cell<u8>, u8, u8);
    compare!(u8, Cell<u8>, u8);
    compare!(u8, u8, Cell<u8>);
    compare!(u8, &'static mut u8, u8);
    compare!(&'static mut u8, u8, u8);
    compare!(u8, u8, &'static mut u8);
    assert!(has!(Arc<HashMap<u8, u8>>: UnwindSafe));

    let map = HashMap::new();
    catch_unwind(|| drop(map.insert(1, 2))).unwrap();
    catch_unwind(AssertUnwindSafe(|| {
        map.update(&1, |_, _| panic!("on purpose"))
    }))
    .unwrap_err();
    let entry = map.get(&1).unwrap();
    catch_unwind(|| assert_eq!(*entry, 2)).unwrap();
    drop(entry);
    catch_unwind(move || drop(map)).unwrap();
}

/// `'l` is the longer lifetime, `'s` the shorter one: what must be shortened where it is asked for. (What
/// must not be: `tests/types/map_is_invariant.rs`.)
#[allow(dead_code, reason = "compiled, not called")]
mod covariant {
    use super::{HashMap, Iter, OccupiedError, Ref};

    fn entry<'s, 'l: 's>(entry: Ref<'l, &'l str, &'l str>) -> Ref<'s, &'s str, &'s str> {
        entry
    }
    fn error<'s, 'l: 's>(
        error: OccupiedError<'l, &'l str, &'l str>,
    ) -> OccupiedError<'s, &'s str, &'s str> {
        error
    }
    fn iter<'s, 'l: 's, K, V>(iter: Iter<'l, K, V>) -> Iter<'s, K, V> {
        iter
    }
    fn hasher<'s, 'l: 's, K, V, S>(map: HashMap<K, V, &'l S>) -> HashMap<K, V, &'s S> {
        map
    }
}

#[test]
fn entries_may_borrow_what_outlives_the_map() {
    let text = String::from("outlives the map");
    let map = HashMap::new();
    map.insert(&text[..8], &text[9..]);
    let held = map.get("outlives").unwrap();
    assert_eq!(*held, "the map");
}

/// The compiler whose answers the `.stderr` files are.
const BLESSED: &str = "rustc 1.95.";

/// Set for the process that asks another compiler: the folder with copies of the tests.
const COPIES: &str = "SPLITMAP_TYPES_COPIES";

#[test]
fn what_must_not_compile_does_not() {
    if cfg!(miri) || cfg!(splitmap_emulated) {
        println!("NOT CHECKED: tests/types/*.rs (no compiler inside Miri and QEMU)");
        return;
    }
    if let Ok(copies) = env::var(COPIES) {
        trybuild::TestCases::new().compile_fail(format!("{copies}/*.rs"));
        return;
    }
    let Ok(version) = Command::new("rustc").arg("--version").output() else {
        println!("NOT CHECKED: tests/types/*.rs (no compiler here)");
        return;
    };
    let version = String::from_utf8_lossy(&version.stdout);
    if version.starts_with(BLESSED) || env::var_os("TRYBUILD").is_some() {
        trybuild::TestCases::new().compile_fail("tests/types/*.rs");
    } else {
        println!("compared by error codes only: {version}has other words than {BLESSED}");
        compare_codes(Path::new(env!("CARGO_TARGET_TMPDIR")));
    }
}

/// Has this compiler write its answers for copies of the tests, in a process with `TRYBUILD` set, and
/// compares the errors' codes.
fn compare_codes(scratch: &Path) {
    let copies = scratch.join("types");
    fs::create_dir_all(&copies).unwrap();
    let tests: Vec<_> = fs::read_dir("tests/types")
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    for test in &tests {
        fs::copy(test, copies.join(test.file_name().unwrap())).unwrap();
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "what_must_not_compile_does_not", "--nocapture"])
        .env(COPIES, &copies)
        .env("TRYBUILD", "overwrite")
        .status();
    assert!(child.unwrap().success(), "something compiles that must not");
    for test in &tests {
        let answer = test.with_extension("stderr");
        let theirs = copies.join(answer.file_name().unwrap());
        assert_eq!(codes(&theirs), codes(&answer), "{}", test.display());
    }
}

/// The errors of an answer: `error[E0597]` and the like, or `error` where there is no code.
fn codes(answer: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(answer).unwrap();
    let errors = text.lines().filter(|line| line.starts_with("error"));
    errors
        .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
        .collect()
}
