//! [`Operation`]: what a computation wants to be done with an entry.

/// The answer of the closure of [`HashMap::compute`](crate::HashMap::compute).
///
/// # Examples
/// ```
/// use splitmap::{HashMap, Operation};
///
/// // Take one from the stock; the last one takes the entry with it; an empty stock is an error.
/// let stock = HashMap::from([("apples", 2)]);
/// let take = |fruit| {
///     stock.compute(fruit, |entry, _returned| match entry {
///         None => Operation::Abort("sold out"),
///         Some((_, 1)) => Operation::Remove,
///         Some((_, n)) => Operation::Insert(n - 1),
///     })
/// };
/// assert_eq!(take("apples").aborted(), None);
/// assert_eq!(take("apples").aborted(), None);
/// assert_eq!(take("apples").aborted(), Some("sold out"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<V, T> {
    /// Set the entry to this value: a new entry, or one in the place of what is there.
    Insert(V),
    /// Remove the entry, if there is one.
    Remove,
    /// Change nothing, and give this back.
    Abort(T),
}
