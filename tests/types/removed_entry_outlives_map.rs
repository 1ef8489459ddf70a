use splitmap::HashMap;

fn main() {
    let removed = {
        let map = HashMap::from([(1, 2)]);
        map.remove(&1).unwrap()
    };
    drop(removed);
}
