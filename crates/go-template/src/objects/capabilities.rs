//! `.Capabilities`.

use std::any::Any;
use std::rc::Rc;

use crate::context::Context;
use crate::error::CallError;
use crate::function::{Args, Function};
use crate::value::{Kind, List, Named, Object, Str, Type, Value};

/// The version of a cluster: `.Capabilities.KubeVersion`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeVersion {
    /// The version with its suffix: `v1.30.2-gke.5`.
    pub version: String,
    /// `1`.
    pub major: String,
    /// `30`.
    pub minor: String,
    /// The version without its suffix: what `String` prints.
    pub normalized: String,
}

/// `.Capabilities`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The cluster's version.
    pub kube_version: KubeVersion,
    /// `group/version` and, of a live cluster, `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// `.Capabilities.HelmVersion`: Version, GitCommit, GitTreeState, GoVersion, KubeClientVersion.
    pub helm_version: HelmVersion,
}

/// `.Capabilities.HelmVersion`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HelmVersion {
    /// `v4.2`.
    pub version: String,
    /// The commit of the build.
    pub git_commit: String,
    /// The state of its tree.
    pub git_tree_state: String,
    /// The Go version.
    pub go_version: String,
    /// The version of the Kubernetes client library.
    pub kube_client_version: String,
}

/// `.Capabilities` as a value.
pub fn capabilities(capabilities: &Capabilities) -> Value {
    let versions = capabilities.api_versions.iter().map(|v| Value::from(v.as_str())).collect();
    Value::Object(Rc::new(CapabilitiesObject {
        kube_version: Value::Object(Rc::new(capabilities.kube_version.clone())),
        api_versions: Value::List(List::new(VERSION_SET_TYPE, versions)),
        helm_version: Value::Object(Rc::new(capabilities.helm_version.clone())),
    }))
}

const VERSION_SET: Named = Named { name: "common.VersionSet", underlying: Type::Slice(&Type::String), methods: &[&HAS] };
const VERSION_SET_TYPE: &Type = &Type::Named(&VERSION_SET);
static HAS: Function = Function::new("Has", &[Type::String], has);

const KUBE_VERSION: Named = Named {
    name: "common.KubeVersion",
    underlying: Type::Opaque(Kind::Struct, "common.KubeVersion"),
    methods: &[&KUBE_VERSION_STRING, &KUBE_VERSION_GIT],
};
static KUBE_VERSION_STRING: Function = Function::new("String", &[], |_, args| Ok(of_kube_version(args, KubeVersion::shown)));
static KUBE_VERSION_GIT: Function = Function::new("GitVersion", &[], |_, args| Ok(of_kube_version(args, |v| &v.version)));

fn has(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let wanted = args.string(1);
    Ok(Value::Bool(args.list(0).items().iter().any(|v| v.as_str() == Some(&wanted))))
}

fn of_kube_version(args: &Args<'_>, get: fn(&KubeVersion) -> &str) -> Value {
    match args.value(0) {
        Value::Object(object) => object.as_any().downcast_ref::<KubeVersion>().map_or(Value::Nil, |v| get(v).into()),
        _ => Value::Nil,
    }
}

#[derive(Debug)]
struct CapabilitiesObject {
    kube_version: Value,
    api_versions: Value,
    helm_version: Value,
}

impl Object for CapabilitiesObject {
    fn go_type(&self) -> Type {
        Type::Opaque(Kind::Pointer, "*common.Capabilities")
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("KubeVersion", self.kube_version.clone()),
            ("APIVersions", self.api_versions.clone()),
            ("HelmVersion", self.helm_version.clone()),
        ]
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(self.kube_version.clone()),
            "APIVersions" => Some(self.api_versions.clone()),
            "HelmVersion" => Some(self.helm_version.clone()),
            _ => None,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl KubeVersion {
    fn shown(&self) -> &str {
        if self.normalized.is_empty() { &self.version } else { &self.normalized }
    }
}

impl Object for KubeVersion {
    fn go_type(&self) -> Type {
        Type::Named(&KUBE_VERSION)
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("Version", self.version.as_str().into()), ("Major", self.major.as_str().into()), ("Minor", self.minor.as_str().into())]
    }

    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = self.fields();
        fields.insert(1, ("normalizedVersion", self.normalized.as_str().into()));
        fields
    }

    fn pointer_stringer(&self) -> Option<String> {
        Some(self.shown().to_owned())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for HelmVersion {
    fn go_type(&self) -> Type {
        Type::Opaque(Kind::Struct, "version.BuildInfo")
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("Version", self.version.as_str().into()),
            ("GitCommit", self.git_commit.as_str().into()),
            ("GitTreeState", self.git_tree_state.as_str().into()),
            ("GoVersion", self.go_version.as_str().into()),
            ("KubeClientVersion", self.kube_client_version.as_str().into()),
        ]
    }

    fn json_fields(&self) -> Vec<(&'static str, Value)> {
        // The Go struct names its JSON fields and leaves out empty ones, all but the version.
        let names = ["version", "git_commit", "git_tree_state", "go_version", "kube_client_version"];
        let fields = names.into_iter().zip(self.fields()).map(|(name, (_, value))| (name, value));
        fields.filter(|(name, value)| *name == "version" || value.as_str().is_some_and(|s: &Str| !s.is_empty())).collect()
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
