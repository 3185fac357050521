//! KB-SAFE-01: hostile texts end in a located error, in bounded time and memory.

use ferroflux_yaml::{BuildOptions, Documents, ErrorKind, Limits, ReadOptions, decode, read_document, to_json};

/// KB-SAFE-01: ten levels of ten aliases would be ten billion nodes.
#[test]
fn alias_bomb() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..11 {
        let refs = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
    }
    let error = read_document(&text, ReadOptions::default()).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::ExcessiveAliasing);
    assert!(error.line() > 1);
    assert_eq!(*to_json(&text, BuildOptions::default()).unwrap_err().kind(), ErrorKind::ExcessiveAliasing);
}

/// KB-SAFE-01: nesting, in both notations, without eating the stack.
#[test]
fn deep_nesting() {
    let flow = "[".repeat(100_000);
    let block = "- ".repeat(20_000);
    let maps: String = (0..10_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    for text in [flow, block, maps, format!("a: {}", "{a: ".repeat(20_000))] {
        let error = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || {
                (read_document(&text, ReadOptions::default()).unwrap_err(), to_json(&text, BuildOptions::default()).unwrap_err())
            })
            .unwrap()
            .join()
            .unwrap();
        assert!(matches!(error.0.kind(), ErrorKind::TooDeep(_)), "{}", error.0);
        assert!(matches!(error.1.kind(), ErrorKind::TooDeep(_)), "{}", error.1);
    }
}

/// KB-SAFE-01: the limits on bytes and nodes.
#[test]
fn too_large() {
    let limits = Limits { bytes: 100, nodes: 10, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    assert_eq!(*read_document(&"x".repeat(101), options).unwrap_err().kind(), ErrorKind::TooLarge(100));
    let error = read_document("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", options).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::TooManyNodes(10));
}

/// KB-SAFE-01: a scalar of many megabytes is one allocation, not a failure.
#[test]
fn huge_scalar() {
    let text = format!("a: |\n  {}\n", "x".repeat(8 << 20));
    assert_eq!(read_document(&text, ReadOptions::default()).unwrap().get("a").unwrap().text().unwrap().len(), (8 << 20) + 1);
}

/// Bytes that are no text name their place; a byte order mark is dropped, UTF-16 is converted.
#[test]
fn encodings() {
    let limits = Limits::default();
    let error = decode(b"a: 1\nb: \xc3\x28\n", &limits).unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 4));
    assert_eq!(decode(b"\xef\xbb\xbfa: 1\n", &limits).unwrap(), "a: 1\n");
    assert_eq!(decode(b"\xff\xfea\0:\0 \x001\0", &limits).unwrap(), "a: 1");
    assert!(decode(b"\xff\xfea", &limits).is_err());
    let error = decode(b"a: x\0y\n", &limits).unwrap_err();
    assert_eq!((error.line(), error.column()), (1, 5));
    assert!(decode("a: \u{7f}".as_bytes(), &limits).is_err());
    assert!(decode("a: \u{85}\u{e9}\u{fffd}".as_bytes(), &limits).is_ok());
}

/// Repairing quoted lines again and again has an end.
#[test]
fn endless_repair() {
    let text: String = (0..20_000).map(|i| format!("k{i}: 'x\ny'\n")).collect();
    let _ = read_document(&text, ReadOptions::default());
    let documents = "a: 'x\ny'\n---\n".repeat(2_000) + &"b\n---\n".repeat(20_000);
    assert_eq!(Documents::new(&documents, ReadOptions::default()).unwrap().map(Result::unwrap).count(), 22_001);
}
