use splitmap::HashMap;

fn main() {
    let iter = {
        let map = HashMap::from([(1, 2)]);
        map.iter()
    };
    drop(iter);
}
