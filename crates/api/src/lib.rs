//! Types of every API group and the CRDs generated from them
