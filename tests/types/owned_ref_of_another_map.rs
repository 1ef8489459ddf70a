//! A hasher whose lifetime is that of another map: its `Ref` would be taken for one of this map.

use std::marker::PhantomData;
use std::sync::Arc;

use splitmap::{HashMap, OwnedRef};

struct Hasher<'s>(PhantomData<fn(&'s ())>);

fn steal<'s>(other: &'s HashMap<u64, String, ()>) -> OwnedRef<u64, String, Hasher<'static>> {
    let map: Arc<HashMap<u64, String, Hasher<'s>>> =
        Arc::new(HashMap::with_hasher(Hasher(PhantomData)));
    let theirs = other.raw().get(1, |key| *key == 1);
    map.owned(move |_| theirs).unwrap()
}

fn main() {
    let other = HashMap::with_hasher(());
    let _ = steal(&other);
}
