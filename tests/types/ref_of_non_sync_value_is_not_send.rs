use splitmap::HashMap;
use std::cell::Cell;

fn send<T: Send>(_: T) {}

fn main() {
    let map = HashMap::<u8, Cell<u8>>::new();
    send(map.get(&1));
}
