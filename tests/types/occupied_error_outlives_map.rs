use splitmap::HashMap;

fn main() {
    let error = {
        let map = HashMap::from([(1, 2)]);
        map.try_insert(1, 3).unwrap_err()
    };
    drop(error);
}
