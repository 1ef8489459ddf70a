use splitmap::HashMap;

struct Looks<'text>(&'text String);

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let map = HashMap::new();
    let text = String::from("dropped before the map");
    map.insert(1, Looks(&text));
}
