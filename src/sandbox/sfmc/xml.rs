//! Just enough XML for SOAP: a request as a tree, compared by local name.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// Deeper documents are refused.
const DEPTH_MAX: usize = 64;

/// An element without its prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// The value of `xsi:type`, without its prefix.
    pub(super) kind: Option<String>,
    pub(super) text: String,
    pub(super) children: Vec<Node>,
}

impl Node {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of a child, empty without one.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map(|child| child.text.trim()).unwrap_or_default()
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut open = vec![Node::default()];
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                if open.len() > DEPTH_MAX {
                    return Err("the document is nested too deeply".to_owned());
                }
                open.push(node(&start)?);
            }
            Event::Empty(start) => {
                let node = node(&start)?;
                parent(&mut open)?.children.push(node);
            }
            Event::End(_) => {
                let node = open.pop().ok_or("an element ends that never began")?;
                parent(&mut open)?.children.push(node);
            }
            Event::Text(text) => parent(&mut open)?.text.push_str(&text.xml10_content()),
            Event::CData(text) => parent(&mut open)?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => character.to_string(),
                    None => {
                        let name = reference.xml10_content();
                        let known = resolve_predefined_entity(&name).ok_or_else(|| format!("unknown entity {name}"))?;
                        known.to_owned()
                    }
                };
                parent(&mut open)?.text.push_str(&resolved);
            }
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let root = parent(&mut open)?.children.pop();
    root.filter(|_| open.len() == 1).ok_or_else(|| "the document has no complete root element".to_owned())
}

fn parent(open: &mut [Node]) -> Result<&mut Node, String> {
    open.last_mut().ok_or_else(|| "an element ends that never began".to_owned())
}

fn node(start: &BytesStart<'_>) -> Result<Node, String> {
    let name = start.local_name().as_ref().to_owned();
    let mut kind = None;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.local_name().as_ref() == "type" {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            kind = Some(value.rsplit(':').next().unwrap_or_default().to_owned());
        }
    }
    Ok(Node { name, kind, ..Node::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_local_name_and_text_is_unescaped() {
        let text = r#"<?xml version="1.0"?><s:A xmlns:s="x" xmlns:i="y"><!-- c --><B i:type="s:Part">a &amp; &#98; <![CDATA[<c>]]></B><B/></s:A>"#;
        let root = parse(text).unwrap();
        assert_eq!(root.name, "A");
        let first = root.child("B").unwrap();
        assert_eq!((first.kind.as_deref(), first.text.as_str()), (Some("Part"), "a & b <c>"));
        assert_eq!(root.all("B").count(), 2);
    }

    #[test]
    fn hostile_documents_are_refused() {
        for text in ["", "<a>", "<a></b>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a>&unknown;</a>"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"<a>".repeat(1000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*", tags in "(<[a-z/!?&;:= \"]{0,8}>?){0,12}") {
            parse(&text).ok();
            parse(&tags).ok();
        }
    }
}
