//! Says which atomic primitives this run uses, and compares them with what the CI job expects.

#[test]
fn backend_is_the_expected_one() {
    let name = splitmap_arch::backend_name();
    println!("backend: {name}");
    if let Ok(expected) = std::env::var("SPLITMAP_EXPECT_BACKEND") {
        assert_eq!(
            name, expected,
            "SPLITMAP_EXPECT_BACKEND names another backend"
        );
    }
}
