//! `images` (KB-IMG-01, KB-IMG-02).

use ferroflux_regex_go::Regex;
use ferroflux_yaml::{Kind, Node};
use smol_str::SmolStr;

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::field_spec::FieldSpecs;
use crate::field_visitor::{Create, set_scalar, visit, wrong_kind};
use crate::kustomization::fields::Image;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::tree::{Twins, text, untagged};

/// Sets name, tag and digest of images with one name.
#[derive(Debug)]
pub(crate) struct SetImage {
    image: Image,
    pattern: Regex,
    place: Option<Place>,
}

/// Sets images one after another.
#[derive(Debug)]
pub(crate) struct SetImages {
    pub(crate) images: Vec<SetImage>,
    pub(crate) fields: FieldSpecs,
}

impl SetImage {
    /// The name is a regular expression; the original crashes on a wrong one.
    pub(crate) fn new(image: Image, place: Option<Place>) -> Result<Self> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
        let pattern = Regex::new(pattern).map_err(|e| {
            Error::new(ErrorKind::Panic, format!("the name '{}' is a regular expression, and no valid one: {e}", image.name))
                .in_field("images.name")
        })?;
        Ok(Self { image, pattern, place })
    }

    /// The new text for an image that matches.
    fn replaced(&self, old: &str) -> Option<String> {
        if !self.pattern.is_match(old) {
            return None;
        }
        let (name, mut tag, mut digest) = split(old);
        let image = &self.image;
        let mut new = if image.new_name.is_empty() { name.to_owned() } else { image.new_name.clone() };
        let mut suffix = "";
        match (image.new_tag.as_str(), image.digest.as_str()) {
            ("", "") => {
                if !image.tag_suffix.is_empty() {
                    suffix = &image.tag_suffix;
                    digest = "";
                }
            }
            (new_tag, new_digest) => (tag, digest) = (new_tag, new_digest),
        }
        if !tag.is_empty() || !suffix.is_empty() {
            new.push(':');
            new.push_str(tag);
            new.push_str(suffix);
        }
        if !digest.is_empty() {
            new.push('@');
            new.push_str(digest);
        }
        Some(new)
    }

    fn set(&self, target: &mut Node, twins: &mut Twins) -> Result<bool> {
        if !target.is_null() && !target.is_scalar() {
            return Err(wrong_kind("ScalarNode", target));
        }
        let Some(new) = self.replaced(text(target)) else { return Ok(false) };
        set_scalar(target, untagged(&new), twins)?;
        Ok(true)
    }
}

/// Visits any `image` in any list of containers, at any depth.
fn walk(node: &mut Node, visit: &mut dyn FnMut(&mut Node) -> Result<()>) -> Result<()> {
    match node.kind_mut() {
        Kind::Sequence(items) => items.iter_mut().try_for_each(|item| walk(item, visit)),
        Kind::Mapping(pairs) => {
            for (key, value) in pairs {
                if value.is_scalar() {
                    continue;
                }
                walk(value, visit)?;
                if !matches!(key.text(), Some("containers" | "initContainers")) {
                    continue;
                }
                for container in value.items_mut().into_iter().flatten() {
                    if container.is_null() {
                        continue;
                    }
                    if !container.is_mapping() {
                        return Err(wrong_kind("MappingNode", container));
                    }
                    if let Some(image) = container.get_mut("image") {
                        visit(image)?;
                    }
                }
            }
            Ok(())
        }
        Kind::Scalar(_) | Kind::Alias(_) => Ok(()),
    }
}

impl SetImages {
    /// Visits every field that holds an image: first those in lists of containers, then those of the field specs. Most
    /// are visited twice, and a tag suffix is appended twice (KB-IMG-01, measured).
    fn visit_all(&self, resource: &mut Resource, set: &mut dyn FnMut(&mut Node) -> Result<()>) -> Result<()> {
        walk(&mut resource.node, set)?;
        let gvk = resource.gvk().to_owned();
        for field in self.fields.0.iter().filter(|f| f.applies_to(gvk.as_parts())) {
            visit(&mut resource.node, field, Create::Never, set)?;
        }
        Ok(())
    }

    /// The images that the object holds, each once.
    fn texts(&self, resource: &mut Resource) -> Result<Vec<SmolStr>> {
        let mut texts = Vec::new();
        self.visit_all(resource, &mut |node| {
            if !node.is_null() && !node.is_scalar() {
                return Err(wrong_kind("ScalarNode", node));
            }
            if !texts.iter().any(|t| t == text(node)) {
                texts.push(SmolStr::new(text(node)));
            }
            Ok(())
        })?;
        Ok(texts)
    }

    fn apply(&self, resource: &mut Resource, found: &mut [bool]) -> Result<()> {
        if resource.kind() == "CustomResourceDefinition" {
            return Ok(());
        }
        let mut twins = Twins::default();
        let mut texts = self.texts(resource)?;
        for (image, found) in self.images.iter().zip(found) {
            let mut matches = false;
            for text in &mut texts {
                if let Some(new) = image.replaced(text) {
                    matches = true;
                    *text = new.into();
                }
            }
            if !matches {
                continue;
            }
            *found = true;
            self.visit_all(resource, &mut |node| image.set(node, &mut twins).map(drop))?;
            // a suffix is appended as often as a field is visited
            if !image.image.tag_suffix.is_empty() {
                texts = self.texts(resource)?;
            }
        }
        twins.settle(&mut resource.node);
        Ok(())
    }
}

impl Transformer for SetImages {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let mut found = vec![false; self.images.len()];
        for resource in resources.iter_mut() {
            tools.cancel.check()?;
            self.apply(resource, &mut found).map_err(|e| e.on(&resource.id().to_owned()))?;
        }
        for (image, _) in self.images.iter().zip(found).filter(|(_, found)| !found) {
            tools.warnings.push(image.place.clone(), format!("images: no container uses an image that matches '{}'", image.image.name));
        }
        Ok(())
    }
}

/// Name, tag and digest of an image; the port of a registry is no tag.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').filter(|at| *at > 0).unwrap_or(0);
    let at = image[start..].find('@').map(|i| i + start);
    let colon = image[start..].find(':').map(|i| i + start);
    match (colon, at) {
        (None, None) => (image, "", ""),
        (Some(colon), Some(at)) if colon < at => (&image[..colon], &image[colon + 1..at], &image[at + 1..]),
        (_, Some(at)) => (&image[..at], "", &image[at + 1..]),
        (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KB-IMG-02
    #[test]
    fn parts_of_an_image() {
        assert_eq!(split("nginx"), ("nginx", "", ""));
        assert_eq!(split("host:5000/nginx"), ("host:5000/nginx", "", ""));
        assert_eq!(split("host:5000/nginx:1.2@sha256:ab"), ("host:5000/nginx", "1.2", "sha256:ab"));
        assert_eq!(split("nginx@sha256:ab"), ("nginx", "", "sha256:ab"));
    }

    /// KB-IMG-02
    #[test]
    fn tags_and_digests() {
        let set = |image: Image| SetImage::new(image, None).unwrap();
        let image = |name: &str, new_tag: &str, digest: &str| Image {
            name: name.into(),
            new_tag: new_tag.into(),
            digest: digest.into(),
            ..Image::default()
        };
        assert_eq!(set(image("nginx", "2", "")).replaced("nginx:1@sha256:a").as_deref(), Some("nginx:2"));
        assert_eq!(set(image("nginx", "", "sha256:b")).replaced("nginx:1").as_deref(), Some("nginx@sha256:b"));
        assert_eq!(set(image("nginx", "2", "sha256:b")).replaced("nginx").as_deref(), Some("nginx:2@sha256:b"));
        assert_eq!(set(image("nginx", "2", "")).replaced("docker.io/nginx"), None);
        assert_eq!(set(image("nginx", "2", "")).replaced("nginx2"), None);
        assert!(SetImage::new(image("ngi(nx", "2", ""), None).is_err());
    }
}
