//! `images` (KB-IMG-01, KB-IMG-02).

use ferroflux_regex_go::Regex;
use ferroflux_yaml::{Kind, Node};

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::field_spec::{FieldSpec, FieldSpecs};
use crate::field_visitor::{Create, set_scalar, visit, wrong_kind};
use crate::kustomization::fields::Image;
use crate::resource_map::ResourceMap;
use crate::tree::{Twins, text, untagged};

/// Sets name, tag and digest of images with one name.
#[derive(Debug)]
pub(crate) struct SetImage {
    image: Image,
    pattern: Regex,
    fields: FieldSpecs,
    place: Option<Place>,
}

impl SetImage {
    /// The name is a regular expression; the original crashes on a wrong one.
    pub(crate) fn new(image: Image, fields: FieldSpecs, place: Option<Place>) -> Result<Self> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
        let pattern = Regex::new(pattern).map_err(|e| {
            Error::new(ErrorKind::Panic, format!("the name '{}' is a regular expression, and no valid one: {e}", image.name))
                .in_field("images.name")
        })?;
        Ok(Self { image, pattern, fields, place })
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

    fn set(&self, target: &mut Node, twins: &mut Twins, found: &mut bool) -> Result<()> {
        if !target.is_null() && !target.is_scalar() {
            return Err(wrong_kind("ScalarNode", target));
        }
        if let Some(new) = self.replaced(text(target)) {
            *found = true;
            set_scalar(target, untagged(&new), twins)?;
        }
        Ok(())
    }

    /// Any `image` in any list of containers, at any depth.
    fn walk(&self, node: &mut Node, twins: &mut Twins, found: &mut bool) -> Result<()> {
        match node.kind_mut() {
            Kind::Sequence(items) => items.iter_mut().try_for_each(|item| self.walk(item, twins, found)),
            Kind::Mapping(pairs) => {
                for (key, value) in pairs {
                    self.walk(value, twins, found)?;
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
                            self.set(image, twins, found)?;
                        }
                    }
                }
                Ok(())
            }
            Kind::Scalar(_) | Kind::Alias(_) => Ok(()),
        }
    }
}

impl Transformer for SetImage {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let mut found = false;
        for resource in resources.iter_mut() {
            tools.cancel.check()?;
            let mut twins = Twins::default();
            let result = (|| {
                if resource.kind() != "CustomResourceDefinition" {
                    self.walk(&mut resource.node, &mut twins, &mut found)?;
                }
                let gvk = resource.gvk();
                let fields: Vec<&FieldSpec> = self.fields.0.iter().filter(|f| f.applies_to(gvk)).collect();
                let is_crd = resource.kind() == "CustomResourceDefinition";
                for field in fields {
                    if !is_crd {
                        visit(&mut resource.node, field, Create::Never, &mut |target| self.set(target, &mut twins, &mut found))?;
                    }
                }
                Ok(())
            })();
            result.map_err(|e: Error| e.on(&resource.id().to_owned()))?;
            twins.settle(&mut resource.node);
        }
        if !found {
            tools.warnings.push(self.place.clone(), format!("images: no container uses an image that matches '{}'", self.image.name));
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
        let set = |image: Image| SetImage::new(image, FieldSpecs::default(), None).unwrap();
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
        assert!(SetImage::new(image("ngi(nx", "2", ""), FieldSpecs::default(), None).is_err());
    }
}
