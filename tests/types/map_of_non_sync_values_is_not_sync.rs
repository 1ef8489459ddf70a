use splitmap::HashMap;
use std::cell::Cell;

fn sync<T: Sync>(_: T) {}

fn main() {
    sync(HashMap::<u8, Cell<u8>>::new());
}
