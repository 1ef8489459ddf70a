use splitmap::HashMap;

fn main() {
    let map = HashMap::from([(1, 2)]);
    let entry = map.get(&1);
    let moved = map;
    drop((entry, moved));
}
