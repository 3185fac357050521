//! What makes a Rust type a custom resource: its names, its `Resource` implementation and its definition.

use kube_core::Resource;
use serde_json::Value;

use crate::{Artifact, Condition};

/// The part of a CRD that is not schema. Group, kind and plural come from [`Resource`].
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// What `kubectl explain` says about the kind.
    pub description: &'static str,
    /// Names that kubectl takes for the plural.
    pub short_names: &'static [&'static str],
    /// Groups of kinds that kubectl can list together.
    pub categories: &'static [&'static str],
    /// What `kubectl get` prints, in order.
    pub columns: &'static [Column],
    /// CEL rules over the whole object, each with its message.
    pub rules: &'static [(&'static str, &'static str)],
}

/// One column of `kubectl get`.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Heading.
    pub name: &'static str,
    /// `string`, `date`, `integer` or `boolean`.
    pub type_: &'static str,
    /// Where the value is found.
    pub json_path: &'static str,
    /// Above zero: only with `-o wide`.
    pub priority: u8,
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str, json_path: &'static str) -> Self {
        Self { name, type_: "string", json_path, priority: 0 }
    }

    /// A column of text that only `-o wide` shows.
    pub const fn wide(name: &'static str, json_path: &'static str) -> Self {
        Self { name, type_: "string", json_path, priority: 1 }
    }

    /// How long ago the object was created.
    pub const AGE: Self = Self { name: "Age", type_: "date", json_path: ".metadata.creationTimestamp", priority: 0 };
    /// The status of the Ready condition.
    pub const READY: Self = Self::text("Ready", r#".status.conditions[?(@.type=="Ready")].status"#);
    /// The message of the Ready condition.
    pub const STATUS: Self = Self::text("Status", r#".status.conditions[?(@.type=="Ready")].message"#);
}

/// A kind that this crate defines.
pub trait CustomResource: Resource<DynamicType = ()> {
    /// The fixed part of its CRD.
    const DEFINITION: Definition;

    /// The schemas of `spec` and `status` as schemars makes them; [`crate::crd`] turns them into what Kubernetes takes.
    fn schemas() -> (Value, Option<Value>);
}

/// A kind that a controller of ours reconciles (RT-10…RT-15).
pub trait Reconciled: CustomResource {
    /// `.status.conditions`.
    fn conditions(&self) -> &[Condition];
    /// `.status.observedGeneration`: -1 on an object that no controller has seen yet (RT-14).
    fn observed_generation(&self) -> i64;
    /// `.status.lastHandledReconcileAt` (RT-15).
    fn last_handled_reconcile_at(&self) -> Option<&str>;
    /// `.spec.suspend`.
    fn is_suspended(&self) -> bool;
}

/// A kind that publishes an artifact.
pub trait Source: CustomResource {
    /// `.status.artifact`, where there is one.
    fn artifact(&self) -> Option<&Artifact>;
}

/// Declares the root type of a kind: metadata, spec and status, read and written as one Kubernetes object.
///
/// Reading never fails for want of a part: the schema lets an object without `spec` through, and one object that cannot
/// be read would end the watch on all objects of its kind. The status is written only if it differs from its default.
macro_rules! custom_resource {
    (
        $(#[doc = $doc:literal])+
        $kind:ident: $group:path, $version:path, $plural:literal,
        short_names: $short_names:expr,
        categories: $categories:expr,
        columns: $columns:expr,
        $(rules: [$($rule:expr),+ $(,)?],)?
        spec: $spec:ty,
        $(status: $status:ty,)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, ::serde::Deserialize)]
        pub struct $kind {
            /// Name, namespace, labels, annotations and what else every object has.
            #[serde(default)]
            pub metadata: ::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            /// What the user asks for.
            #[serde(default)]
            pub spec: $spec,
            $(
                /// What the controller observed.
                #[serde(default)]
                pub status: $status,
            )?
        }

        impl ::serde::Serialize for $kind {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use ::kube_core::Resource;
                use ::serde::ser::SerializeMap;
                let mut object = serializer.serialize_map(None)?;
                object.serialize_entry("apiVersion", &Self::api_version(&()))?;
                object.serialize_entry("kind", stringify!($kind))?;
                object.serialize_entry("metadata", &self.metadata)?;
                object.serialize_entry("spec", &self.spec)?;
                $(
                    if self.status != <$status>::default() {
                        object.serialize_entry("status", &self.status)?;
                    }
                )?
                object.end()
            }
        }

        impl ::kube_core::Resource for $kind {
            type DynamicType = ();
            type Scope = ::kube_core::NamespaceResourceScope;

            fn kind(_: &()) -> ::std::borrow::Cow<'_, str> {
                stringify!($kind).into()
            }

            fn group(_: &()) -> ::std::borrow::Cow<'_, str> {
                $group.into()
            }

            fn version(_: &()) -> ::std::borrow::Cow<'_, str> {
                $version.into()
            }

            fn plural(_: &()) -> ::std::borrow::Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut ::k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }

        impl $crate::CustomResource for $kind {
            const DEFINITION: $crate::resource::Definition = $crate::resource::Definition {
                description: concat!($($doc, "\n"),+),
                short_names: $short_names,
                categories: $categories,
                columns: $columns,
                rules: &[$($($rule),+)?],
            };

            fn schemas() -> (::serde_json::Value, Option<::serde_json::Value>) {
                let status = None::<::serde_json::Value>;
                $(let status = status.or_else(|| Some($crate::schema::of::<$status>()));)?
                ($crate::schema::of::<$spec>(), status)
            }
        }
    };
}

/// Implements [`Reconciled`] for kinds with the usual fields.
macro_rules! reconciled {
    ($($kind:ident),+ $(,)?) => {$(
        impl $crate::Reconciled for $kind {
            fn conditions(&self) -> &[$crate::Condition] {
                &self.status.conditions
            }

            fn observed_generation(&self) -> i64 {
                self.status.observed_generation
            }

            fn last_handled_reconcile_at(&self) -> Option<&str> {
                self.status.last_handled_reconcile_at.as_deref()
            }

            fn is_suspended(&self) -> bool {
                self.spec.suspend
            }
        }
    )+};
}

/// Implements [`Source`] for kinds with `status.artifact`.
macro_rules! source {
    ($($kind:ident),+ $(,)?) => {$(
        impl $crate::Source for $kind {
            fn artifact(&self) -> Option<&$crate::Artifact> {
                self.status.artifact.as_ref()
            }
        }
    )+};
}

pub(crate) use {custom_resource, reconciled, source};
