//! The lists of the built-in kinds that merge by key, as of Kubernetes 1.21. Newer kinds and versions are unknown on
//! purpose: the original does not know them either, and replaces their lists (KB-SMP-03).

/// What is known about a field: whether it is a merging list, and the fields and items of which something is known.
#[derive(Debug)]
pub(crate) struct Shape {
    /// `Some` for a list that merges; without keys it is a set of scalars.
    pub(crate) merge_keys: Option<&'static [&'static str]>,
    fields: &'static [(&'static str, &'static Shape)],
    items: Option<&'static Shape>,
}

/// A field of which nothing is known but that it is there.
static PLAIN: Shape = map(&[]);

const fn map(fields: &'static [(&'static str, &'static Shape)]) -> Shape {
    Shape { merge_keys: None, fields, items: None }
}

const fn list(items: &'static Shape) -> Shape {
    Shape { merge_keys: None, fields: &[], items: Some(items) }
}

const fn keyed(keys: &'static [&'static str], items: &'static Shape) -> Shape {
    Shape { merge_keys: Some(keys), fields: &[], items: Some(items) }
}

impl Shape {
    pub(crate) fn field(&self, name: &str) -> &'static Shape {
        self.fields.iter().find(|(n, _)| *n == name).map_or(&PLAIN, |(_, shape)| shape)
    }

    pub(crate) fn items(&self) -> &'static Shape {
        self.items.unwrap_or(&PLAIN)
    }
}

static SCALARS: Shape = keyed(&[], &PLAIN);
static BY_NAME: Shape = keyed(&["name"], &PLAIN);
static BY_TYPE: Shape = keyed(&["type"], &PLAIN);
static BY_IP: Shape = keyed(&["ip"], &PLAIN);
static BY_UID: Shape = keyed(&["uid"], &PLAIN);

static METADATA: Shape = map(&[("finalizers", &SCALARS), ("ownerReferences", &BY_UID)]);
static CONDITIONS: Shape = map(&[("conditions", &BY_TYPE)]);

static BY_DEVICE_PATH: Shape = keyed(&["devicePath"], &PLAIN);
static BY_MOUNT_PATH: Shape = keyed(&["mountPath"], &PLAIN);
static CONTAINER_PORTS: Shape = keyed(&["containerPort", "protocol"], &PLAIN);
static CONTAINER: Shape =
    map(&[("env", &BY_NAME), ("ports", &CONTAINER_PORTS), ("volumeDevices", &BY_DEVICE_PATH), ("volumeMounts", &BY_MOUNT_PATH)]);
static CONTAINERS: Shape = keyed(&["name"], &CONTAINER);
static EPHEMERAL_CONTAINER: Shape = map(&[("env", &BY_NAME), ("volumeDevices", &BY_DEVICE_PATH), ("volumeMounts", &BY_MOUNT_PATH)]);
static EPHEMERAL_CONTAINERS: Shape = keyed(&["name"], &EPHEMERAL_CONTAINER);
static CLAIM_TEMPLATE: Shape = map(&[("metadata", &METADATA)]);
static EPHEMERAL_VOLUME: Shape = map(&[("volumeClaimTemplate", &CLAIM_TEMPLATE)]);
static VOLUME: Shape = map(&[("ephemeral", &EPHEMERAL_VOLUME)]);
static VOLUMES: Shape = keyed(&["name"], &VOLUME);
static SPREAD: Shape = keyed(&["topologyKey", "whenUnsatisfiable"], &PLAIN);
static POD_SPEC: Shape = map(&[
    ("containers", &CONTAINERS),
    ("ephemeralContainers", &EPHEMERAL_CONTAINERS),
    ("hostAliases", &BY_IP),
    ("imagePullSecrets", &BY_NAME),
    ("initContainers", &CONTAINERS),
    ("topologySpreadConstraints", &SPREAD),
    ("volumes", &VOLUMES),
]);
static POD_TEMPLATE: Shape = map(&[("metadata", &METADATA), ("spec", &POD_SPEC)]);

static POD_STATUS: Shape = map(&[("conditions", &BY_TYPE), ("podIPs", &BY_IP)]);
static POD: Shape = map(&[("metadata", &METADATA), ("spec", &POD_SPEC), ("status", &POD_STATUS)]);
static POD_TEMPLATE_OBJECT: Shape = map(&[("metadata", &METADATA), ("template", &POD_TEMPLATE)]);
static WORKLOAD_SPEC: Shape = map(&[("template", &POD_TEMPLATE)]);
static WORKLOAD: Shape = map(&[("metadata", &METADATA), ("spec", &WORKLOAD_SPEC), ("status", &CONDITIONS)]);
static CLAIM: Shape = map(&[("metadata", &METADATA), ("status", &CONDITIONS)]);
static CLAIMS: Shape = list(&CLAIM);
static STATEFUL_SET_SPEC: Shape = map(&[("template", &POD_TEMPLATE), ("volumeClaimTemplates", &CLAIMS)]);
static STATEFUL_SET: Shape = map(&[("metadata", &METADATA), ("spec", &STATEFUL_SET_SPEC), ("status", &CONDITIONS)]);
static JOB_TEMPLATE: Shape = map(&[("metadata", &METADATA), ("spec", &WORKLOAD_SPEC)]);
static CRON_JOB_SPEC: Shape = map(&[("jobTemplate", &JOB_TEMPLATE)]);
static CRON_JOB: Shape = map(&[("metadata", &METADATA), ("spec", &CRON_JOB_SPEC)]);
static SERVICE_PORTS: Shape = keyed(&["port", "protocol"], &PLAIN);
static SERVICE_SPEC: Shape = map(&[("ports", &SERVICE_PORTS)]);
static SERVICE: Shape = map(&[("metadata", &METADATA), ("spec", &SERVICE_SPEC), ("status", &CONDITIONS)]);
static SERVICE_ACCOUNT: Shape = map(&[("metadata", &METADATA), ("secrets", &BY_NAME)]);
static NODE_SPEC: Shape = map(&[("podCIDRs", &SCALARS)]);
static NODE_STATUS: Shape = map(&[("addresses", &BY_TYPE), ("conditions", &BY_TYPE)]);
static NODE: Shape = map(&[("metadata", &METADATA), ("spec", &NODE_SPEC), ("status", &NODE_STATUS)]);
static COMPONENT_STATUS: Shape = map(&[("metadata", &METADATA), ("conditions", &BY_TYPE)]);
static WEBHOOKS: Shape = map(&[("metadata", &METADATA), ("webhooks", &BY_NAME)]);
static CSI_NODE_SPEC: Shape = map(&[("drivers", &BY_NAME)]);
static CSI_NODE: Shape = map(&[("metadata", &METADATA), ("spec", &CSI_NODE_SPEC)]);
static WITH_CONDITIONS: Shape = map(&[("metadata", &METADATA), ("status", &CONDITIONS)]);
static OBJECT: Shape = map(&[("metadata", &METADATA)]);

/// Versions and kinds of a group, with what is special about a kind.
type Group = (&'static str, &'static [&'static str], &'static [(&'static str, &'static Shape)]);

static GROUPS: &[Group] = &[
    (
        "",
        &["v1"],
        &[
            ("Binding", &OBJECT),
            ("ComponentStatus", &COMPONENT_STATUS),
            ("ConfigMap", &OBJECT),
            ("Endpoints", &OBJECT),
            ("Event", &OBJECT),
            ("LimitRange", &OBJECT),
            ("Namespace", &WITH_CONDITIONS),
            ("Node", &NODE),
            ("PersistentVolume", &OBJECT),
            ("PersistentVolumeClaim", &CLAIM),
            ("Pod", &POD),
            ("PodTemplate", &POD_TEMPLATE_OBJECT),
            ("ReplicationController", &WORKLOAD),
            ("ResourceQuota", &OBJECT),
            ("Secret", &OBJECT),
            ("Service", &SERVICE),
            ("ServiceAccount", &SERVICE_ACCOUNT),
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1"],
        &[("MutatingWebhookConfiguration", &WEBHOOKS), ("ValidatingWebhookConfiguration", &WEBHOOKS)],
    ),
    ("apiextensions.k8s.io", &["v1", "v1beta1"], &[("CustomResourceDefinition", &OBJECT)]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"], &[("APIService", &WITH_CONDITIONS)]),
    (
        "apps",
        &["v1"],
        &[
            ("ControllerRevision", &OBJECT),
            ("DaemonSet", &WORKLOAD),
            ("Deployment", &WORKLOAD),
            ("ReplicaSet", &WORKLOAD),
            ("StatefulSet", &STATEFUL_SET),
        ],
    ),
    ("authentication.k8s.io", &["v1"], &[("TokenRequest", &OBJECT)]),
    ("authentication.k8s.io", &["v1", "v1beta1"], &[("TokenReview", &OBJECT)]),
    (
        "authorization.k8s.io",
        &["v1", "v1beta1"],
        &[
            ("LocalSubjectAccessReview", &OBJECT),
            ("SelfSubjectAccessReview", &OBJECT),
            ("SelfSubjectRulesReview", &OBJECT),
            ("SubjectAccessReview", &OBJECT),
        ],
    ),
    ("autoscaling", &["v1"], &[("HorizontalPodAutoscaler", &OBJECT), ("Scale", &OBJECT)]),
    ("autoscaling", &["v2beta1", "v2beta2"], &[("HorizontalPodAutoscaler", &OBJECT)]),
    ("batch", &["v1"], &[("Job", &WORKLOAD)]),
    ("batch", &["v1", "v1beta1"], &[("CronJob", &CRON_JOB)]),
    ("certificates.k8s.io", &["v1", "v1beta1"], &[("CertificateSigningRequest", &OBJECT)]),
    ("coordination.k8s.io", &["v1", "v1beta1"], &[("Lease", &OBJECT)]),
    ("discovery.k8s.io", &["v1", "v1beta1"], &[("EndpointSlice", &OBJECT)]),
    ("events.k8s.io", &["v1", "v1beta1"], &[("Event", &OBJECT)]),
    ("extensions", &["v1beta1"], &[("Ingress", &OBJECT)]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"], &[("FlowSchema", &OBJECT), ("PriorityLevelConfiguration", &OBJECT)]),
    ("networking.k8s.io", &["v1", "v1beta1"], &[("Ingress", &OBJECT), ("IngressClass", &OBJECT)]),
    ("networking.k8s.io", &["v1"], &[("NetworkPolicy", &OBJECT)]),
    ("node.k8s.io", &["v1", "v1beta1"], &[("RuntimeClass", &OBJECT)]),
    ("policy", &["v1", "v1beta1"], &[("PodDisruptionBudget", &WITH_CONDITIONS)]),
    ("policy", &["v1beta1"], &[("Eviction", &OBJECT), ("PodSecurityPolicy", &OBJECT)]),
    (
        "rbac.authorization.k8s.io",
        &["v1", "v1beta1"],
        &[("ClusterRole", &OBJECT), ("ClusterRoleBinding", &OBJECT), ("Role", &OBJECT), ("RoleBinding", &OBJECT)],
    ),
    ("scheduling.k8s.io", &["v1", "v1beta1"], &[("PriorityClass", &OBJECT)]),
    (
        "storage.k8s.io",
        &["v1", "v1beta1"],
        &[("CSIDriver", &OBJECT), ("CSINode", &CSI_NODE), ("StorageClass", &OBJECT), ("VolumeAttachment", &OBJECT)],
    ),
    ("storage.k8s.io", &["v1beta1"], &[("CSIStorageCapacity", &OBJECT)]),
];

/// The shape of a built-in kind.
pub(crate) fn of(api_version: &str, kind: &str) -> Option<&'static Shape> {
    let (group, version) = crate::identity::split_api_version(api_version);
    GROUPS
        .iter()
        .filter(|(g, versions, _)| *g == group && versions.contains(&version))
        .flat_map(|(_, _, kinds)| *kinds)
        .find(|(k, _)| *k == kind)
        .map(|(_, shape)| *shape)
}
