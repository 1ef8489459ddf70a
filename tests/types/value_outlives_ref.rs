use splitmap::HashMap;

fn main() {
    let map = HashMap::from([(1, 2)]);
    let entry = map.get(&1).unwrap();
    let (key, value) = (entry.key(), entry.value());
    drop(entry);
    assert!(key < value);
}
