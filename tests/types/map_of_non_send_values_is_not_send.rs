use splitmap::HashMap;
use std::rc::Rc;

fn send<T: Send>(_: T) {}

fn main() {
    send(HashMap::<u8, Rc<u8>>::new());
}
