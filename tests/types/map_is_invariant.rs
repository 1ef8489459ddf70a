// Else a short-lived key or value could be put into a map of longer-lived ones, through `&self`.
use splitmap::HashMap;

type Map<'key, 'value> = HashMap<&'key str, &'value str>;

fn keys<'short>(map: &'short Map<'static, 'static>) -> &'short Map<'short, 'static> {
    map
}

fn values<'short>(map: &'short Map<'static, 'static>) -> &'short Map<'static, 'short> {
    map
}

fn main() {}
