use splitmap::HashMap;

fn main() {
    let entry = {
        let map = HashMap::from([(1, 2)]);
        map.get(&1).unwrap()
    };
    drop(entry);
}
