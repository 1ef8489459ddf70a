//! Redis's glob patterns, over bytes: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a literal.
//!
//! Written here because the glob crates match paths or `str`, with other rules for `[`,
//! `{` and `/`. A pattern is matched by going back to its last star only, so the time is
//! bounded by pattern length times text length.

/// Whether the whole of `text` matches `pattern`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go back to: the pattern after the last star, and the text the star ends before.
    let mut star = None;
    while p < pattern.len() || t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        if let Some(&byte) = text.get(t)
            && let Some(next) = match_one(pattern, p, byte)
        {
            p = next;
            t += 1;
            continue;
        }
        match star {
            Some((after_star, end)) if end < text.len() => {
                star = Some((after_star, end + 1));
                (p, t) = (after_star, end + 1);
            }
            _ => return false,
        }
    }
    true
}

/// The index after the pattern's element at `p`, if that element matches `byte`.
fn match_one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match *pattern.get(p)? {
        b'?' => Some(p + 1),
        b'[' => match_class(pattern, p + 1, byte),
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        literal => (literal == byte).then_some(p + 1),
    }
}

/// The index after the class whose inside begins at `p`, if the class holds `byte`.
/// As in Redis, a class that is not closed ends with the pattern.
fn match_class(pattern: &[u8], mut p: usize, byte: u8) -> Option<usize> {
    let negated = pattern.get(p) == Some(&b'^');
    p += usize::from(negated);
    let mut found = false;
    loop {
        match pattern[p.min(pattern.len())..] {
            [] | [b']', ..] => break,
            [b'\\', literal, ..] => {
                found |= literal == byte;
                p += 2;
            }
            [from, b'-', to, ..] => {
                found |= (from.min(to)..=from.max(to)).contains(&byte);
                p += 3;
            }
            [literal, ..] => {
                found |= literal == byte;
                p += 1;
            }
        }
    }
    (found != negated).then_some((p + 1).min(pattern.len()))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abbbc", true),
            ("a*c", "abbbcd", false),
            ("*b*d", "abcbd", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h[a-", "ha", true),
            ("[", "x", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("[\\]]", "]", true),
            ("a**b", "ab", true),
            ("\\", "\\", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern:?} {text:?}"
            );
        }
    }

    #[test]
    fn many_stars_stay_quick() {
        let pattern = b"a*".repeat(64);
        let text = b"a".repeat(4096);
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
    }
}
