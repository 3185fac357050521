//! An embedded etcd and kube-apiserver for development and tests
